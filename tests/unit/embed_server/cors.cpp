// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/cors.hpp"

#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"

#include <stdexcept>
#include <string>

using namespace embed_server;
using namespace carpool::test;

namespace {

const std::string page = "https://app.example.org", other_page = "https://evil.example.org";

response answered(const cors_policy& policy, const std::string& origin, bool preflight = false) {
  request_head head;
  head.origin = origin;
  head.is_preflight = preflight;
  response answer;
  policy.complete(answer, head);
  return answer;
}

}  // namespace

TEST_CASE("without origins no answer speaks of them") {
  const auto answer = answered(cors_policy{}, page, true);
  CHECK(answer.begin() == answer.end());
}

TEST_CASE("pages of an allowed origin may read the answer, others may not, and caches know why") {
  const cors_policy policy({page, "http://localhost:3000"});
  CHECK(answered(policy, page)["Access-Control-Allow-Origin"] == page);
  CHECK(answered(policy, page)["Access-Control-Expose-Headers"] == "*");
  CHECK(answered(policy, page)["Vary"] == "Origin");
  CHECK(answered(policy, "http://localhost:3000")["Access-Control-Allow-Origin"] == "http://localhost:3000");
  for (const std::string& origin : {other_page, page + ".evil.org", std::string("null"), std::string()}) {
    CHECK(answered(policy, origin).count("Access-Control-Allow-Origin") == 0);
    CHECK(answered(policy, origin)["Vary"] == "Origin");
  }
}

TEST_CASE("* allows all pages") {
  CHECK(answered(cors_policy({"*"}), other_page)["Access-Control-Allow-Origin"] == "*");
  CHECK(answered(cors_policy({"*"}), "").count("Access-Control-Allow-Origin") == 0);
}

TEST_CASE("a browser that asks before it asks is told what it may send") {
  const auto answer = answered(cors_policy({page}), page, true);
  CHECK(answer["Access-Control-Allow-Methods"] == "GET, HEAD, POST");
  CHECK(answer["Access-Control-Allow-Headers"] == "Authorization, *");
  CHECK(answer["Access-Control-Max-Age"] == "7200");
  CHECK(answered(cors_policy({page}), page).count("Access-Control-Allow-Methods") == 0);
  CHECK(answered(cors_policy({page}), other_page, true).count("Access-Control-Allow-Methods") == 0);
}

TEST_CASE("what is no origin is refused") {
  for (const char* text :
       {"", "example.org", "https://", "://a", "https://example.org/", "https://Example.org",
        "https://*.example.org", "https://a,https://b", "https://u@example.org", "https://exam ple.org"})
    CHECK_THROWS_AS(cors_policy({text}), std::invalid_argument);
  CHECK_THROWS_WITH(cors_policy({"example.org"}),
                    "example.org is no origin; one is * or such as https://app.example.org:8443");
}

TEST_CASE("every answer of the server keeps to it: preflight, embeddings and errors") {
  test_server server({}, {}, {.cors = cors_policy({page})});
  const std::string origin = "Origin: " + page + "\r\n";
  http_client client(server.port());
  const auto preflight = client.ask("OPTIONS /v1/embeddings HTTP/1.1\r\nHost: a\r\n" + origin +
                                    "Access-Control-Request-Method: POST\r\n"
                                    "Access-Control-Request-Headers: authorization,content-type\r\n\r\n");
  CHECK(preflight.status == 204);
  CHECK(preflight.field("access-control-allow-methods") == "GET, HEAD, POST");
  const auto allowed = [&](const std::string& request) {
    return http_client(server.port()).ask(request).field("access-control-allow-origin") == page;
  };
  CHECK(allowed(post_json("/v1/embeddings", R"({"input":"a"})", origin)));
  CHECK(allowed(post_json("/v1/embeddings", "{", origin)));
  CHECK(allowed("GET /nowhere HTTP/1.1\r\nHost: a\r\n" + origin + "\r\n"));
  CHECK(allowed("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + origin + "\r\n"));
  CHECK_FALSE(allowed(post_json("/v1/embeddings", R"({"input":"a"})")));
}
