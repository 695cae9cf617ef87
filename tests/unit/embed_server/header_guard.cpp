// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/header_guard.hpp"

#include "embed_server/api_error.hpp"
#include "support/doctest.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

using namespace embed_server;

namespace {

// What the guard says to a header as it comes over the wire. Throws what it throws, or system_error if the
// parser itself refuses.
request_head guard(const std::string& raw) {
  request_parser parser;
  boost::system::error_code ec;
  const auto used = parser.put(boost::asio::buffer(raw), ec);
  if (ec) throw boost::system::system_error(ec);
  REQUIRE(parser.is_header_done());
  return inspect(parser, std::string_view(raw).substr(0, used), limits{});
}

std::optional<problem> refusal(const std::string& raw) {
  try {
    guard(raw);
    return std::nullopt;
  } catch (const api_error& error) {
    CHECK(std::string_view(error.what()).size() > 10);
    return error.kind();
  }
}

std::string post(const std::string& fields) {
  return "POST /embed HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}
std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: example.org:8080\r\n\r\n";
}

}  // namespace

TEST_CASE("an ordinary request passes the guard, and its snapshot says what it asked") {
  const auto head = guard(
      "POST /v1/embeddings?x=1 HTTP/1.1\r\nHost: example.org:8080\r\nContent-Type: Application/JSON; "
      "charset=utf-8\r\n"
      "Content-Length: 12\r\nExpect: 100-Continue\r\nX-Request-Id: abc-1.2_3:4\r\nX-Request-Timeout-Ms: "
      "250\r\n\r\n");
  CHECK(head.method == http::verb::post);
  CHECK(head.path == "/v1/embeddings");
  CHECK(head.content_type == "application/json");
  CHECK(head.content_encoding.empty());
  CHECK(head.request_id == "abc-1.2_3:4");
  CHECK(head.time_limit == std::chrono::milliseconds{250});
  CHECK(head.has_body);
  CHECK(head.expects_continue);
  CHECK(head.keep_alive);
}

TEST_CASE("HTTP/1.1 needs exactly one valid Host") {
  CHECK(refusal("GET / HTTP/1.1\r\n\r\n") == problem::malformed);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == problem::malformed);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n") == problem::malformed);
  CHECK(refusal("GET / HTTP/1.1\r\nHost:\r\n\r\n") == problem::malformed);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a b\r\n\r\n") == problem::malformed);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n") == problem::malformed);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n") == problem::malformed);
  CHECK(!refusal("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"));
  CHECK(!refusal("GET / HTTP/1.0\r\n\r\n"));
}

TEST_CASE("a field that only one can have is refused twice, wherever it stands and however it is written") {
  for (const std::string name : {"Authorization", "Content-Type", "Content-Encoding", "Expect",
                                 "X-Request-Timeout-Ms", "Inference-Header-Content-Length", "X-Api-Key"}) {
    CHECK(refusal(post(name + ": 1\r\nAccept: a\r\nx-other: b\r\n" + name + ": 1\r\n")) ==
          problem::malformed);
    CHECK(refusal(post("Accept: a\r\nAccept: b\r\nx-a: 1\r\nx-b: 1\r\n" + lower_case(name) + ": 1\r\n" +
                       name + ": 1\r\n")) == problem::malformed);
  }
  CHECK(refusal(post("Accept: a\r\nx-other: b\r\nAccept: a\r\nx-other: b\r\n")) == problem::length_required);
}

TEST_CASE("HTTP/1.0 with a Transfer-Encoding is refused") {
  CHECK(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == problem::malformed);
}

TEST_CASE("H3: a Transfer-Encoding other than chunked is refused") {
  for (const std::string value : {"xchunked", "identity", "chunked, gzip", "gzip, chunked",
                                  "chunked, chunked", "chunked;q=1", "\"chunked\"", ""})
    CHECK(refusal(post("Transfer-Encoding: " + value + "\r\n")) == problem::not_implemented);
  const auto twice = [](const std::string& first) {
    return post("Transfer-Encoding: " + first + "\r\nTransfer-Encoding: chunked\r\n");
  };
  CHECK_THROWS_AS(guard(twice("chunked")), boost::system::system_error);
  CHECK(refusal(twice("gzip")) == problem::not_implemented);
  CHECK(!refusal(post("Transfer-Encoding: chunked\r\n")));
  CHECK(!refusal(post("Transfer-Encoding: CHUNKED\r\n")));
}

TEST_CASE("H3: a length that is not one plain number is refused by the parser") {
  CHECK_THROWS_AS(guard(post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")),
                  boost::system::system_error);
  CHECK_THROWS_AS(guard(post("Content-Length: 3\r\nContent-Length: 4\r\n")), boost::system::system_error);
  for (const std::string value : {"+5", "-1", "0x5", "", "99999999999999999999"})
    CHECK_THROWS_AS(guard(post("Content-Length: " + value + "\r\n")), boost::system::system_error);
  CHECK(!refusal(post("Content-Length: 5\r\nContent-Length: 5\r\n")));  // says the same twice
}

TEST_CASE("H3: broken lines and versions are refused by the parser") {
  for (const std::string raw :
       {"GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET /\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"})
    CHECK_THROWS_AS(guard(raw), boost::system::system_error);
  CHECK_THROWS_AS(guard(std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29)),
                  boost::system::system_error);
}

TEST_CASE("a POST without Content-Length or Transfer-Encoding is refused") {
  CHECK(refusal(post("")) == problem::length_required);
  CHECK(!refusal(post("Content-Length: 0\r\n")));
}

TEST_CASE("a GET, HEAD or DELETE with a body is refused") {
  for (const std::string method : {"GET", "HEAD", "DELETE"}) {
    CHECK(refusal(method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n") == problem::malformed);
    CHECK(refusal(method + " / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") ==
          problem::malformed);
    CHECK(!refusal(method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"));
  }
}

TEST_CASE("H3: a folded header line is refused") {
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n") == problem::malformed);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n") == problem::malformed);
}

TEST_CASE("more than a hundred header fields are refused") {
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "X: y\r\n";
  CHECK(!refusal("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"));
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "X: y\r\n\r\n") == problem::header_too_large);
}

TEST_CASE("the target is a path in printable ASCII, or names our own host") {
  CHECK(guard(get("/a/../b//c%2F")).path == "/a/../b//c%2F");
  CHECK(guard(get("http://example.org:8080/health?x")).path == "/health");
  CHECK(guard(get("HTTP://EXAMPLE.org:8080/health")).path == "/health");
  CHECK(guard(get("http://example.org:8080")).path == "/");
  CHECK(guard(get("http://example.org:8080?x")).path == "/");
  CHECK(guard(get("http://example.org:8080?x")).query == "x");
  CHECK(guard("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").path == "*");
  for (const std::string target :
       {"*", "health", "?x", "http://elsewhere.org/health", "http://example.org:80801/health",
        "https://example.org:8080/", "example.org:443"})
    CHECK(refusal(get(target)) == problem::malformed);
  CHECK(refusal(get("/caf\xc3\xa9")) == problem::malformed);
}

TEST_CASE("a bad percent-encoding in the target is refused") {
  for (const std::string target :
       {"/%", "/%4", "/%4g", "/%00", "/a?b=%zz", "/%ff", "/%c3", "/%ed%a0%80", "/a%0Ab", "/a?b=%1b", "/%7f"})
    CHECK(refusal(get(target)) == problem::malformed);
}

TEST_CASE("fields that must be single are refused when repeated") {
  for (const std::string field : {"Authorization", "Content-Type", "Content-Encoding", "Expect",
                                  "X-Request-Timeout-Ms", "Inference-Header-Content-Length"})
    CHECK(refusal(post("Content-Length: 1\r\n" + field + ": 1\r\n" + field + ": 1\r\n")) ==
          problem::malformed);
}

TEST_CASE("an unknown method is not implemented") {
  CHECK(refusal("get / HTTP/1.1\r\nHost: a\r\n\r\n") == problem::not_implemented);
  CHECK(refusal("BREW / HTTP/1.1\r\nHost: a\r\n\r\n") == problem::not_implemented);
}

TEST_CASE("H12: the size of the JSON before binary data is a whole number that a body can have") {
  const auto with = [](const std::string& value) {
    return post("Content-Length: 1\r\nInference-Header-Content-Length: " + value + "\r\n");
  };
  CHECK(guard(with("0")).json_size == 0u);
  for (const std::string value : {"", "-1", "+1", "0x1", "1e3", "99999999999", "99999999999999999999"})
    CHECK(refusal(with(value)) == problem::malformed);
}

TEST_CASE("H7: an unknown expectation is refused, and HTTP/1.0 has none") {
  CHECK(refusal(post("Content-Length: 1\r\nExpect: 200-ok\r\n")) == problem::expectation_failed);
  CHECK(!guard("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

TEST_CASE("a request time-out is a whole number of milliseconds up to a day") {
  const auto with = [](const std::string& value) {
    return post("Content-Length: 1\r\nx-request-timeout-ms: " + value + "\r\n");
  };
  CHECK(guard(with("0")).time_limit == std::chrono::milliseconds{0});
  CHECK(guard(with("86400000")).time_limit == std::chrono::hours{24});
  for (const std::string value : {"", "-1", "1.5", "5ms", "86400001", "99999999999999999999"})
    CHECK(refusal(with(value)) == problem::malformed);
}

TEST_CASE("H22: a request id that is not fit to be echoed is dropped") {
  const auto id = [](const std::string& value) {
    return guard("GET / HTTP/1.1\r\nHost: a\r\nx-request-id: " + value + "\r\n\r\n").request_id;
  };
  CHECK(id("trace-7") == "trace-7");
  CHECK(id("a b").empty());
  CHECK(id("<script>").empty());
  CHECK(id("caf\xc3\xa9").empty());
  CHECK(id(std::string(129, 'a')).empty());
  CHECK_THROWS_AS(id("a\rb"), boost::system::system_error);
}

TEST_CASE("the snapshot says which page asks, and in which trace") {
  const auto head = guard(
      "OPTIONS /embed HTTP/1.1\r\nHost: a\r\nOrigin: https://app.example.org\r\n"
      "Access-Control-Request-Method: POST\r\n"
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n");
  CHECK(head.origin == "https://app.example.org");
  CHECK(head.is_preflight);
  REQUIRE(head.caller);
  CHECK(head.caller->parent_id == "b7ad6b7169203331");
  CHECK_FALSE(guard(get("/")).is_preflight);
  CHECK_FALSE(guard("OPTIONS /embed HTTP/1.1\r\nHost: a\r\n\r\n").is_preflight);
}

TEST_CASE("of a refused request is told what is fit to be repeated") {
  const auto described = [](const std::string& raw) {
    request_parser parser;
    boost::system::error_code ec;
    parser.put(boost::asio::buffer(raw), ec);
    return describe_refused(parser);
  };
  const auto head = described(
      "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\nx-request-id: abc\r\nOrigin: http://a\r\n\r\n");
  CHECK(head.method == http::verb::get);
  CHECK(head.path == "/health");
  CHECK(head.request_id == "abc");
  CHECK(head.origin == "http://a");
  CHECK_FALSE(head.keep_alive);
  CHECK(described("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n").path.empty());
  CHECK(described("no request").path.empty());
}

TEST_CASE("what somebody in front of the server asks for in Authorization does not hide a key") {
  const std::string basic = "Content-Length: 0\r\nAuthorization: Basic dXNlcjpwYXNz\r\n";
  CHECK(guard(post(basic + "x-api-key: secret\r\n")).key == digest_of("secret"));
  CHECK_FALSE(guard(post(basic)).key);
  CHECK(guard(post("Content-Length: 0\r\nAuthorization: secret\r\n")).key == digest_of("secret"));
}

TEST_CASE("of a key nothing is kept but its digest") {
  const std::string raw = post("Content-Length: 2\r\nAuthorization: Bearer secret\r\nX-Api-Key: other\r\n");
  CHECK(guard(raw).key == digest_of("secret"));
  CHECK(guard(post("Content-Length: 0\r\nx-api-key: secret\r\n")).key == digest_of("secret"));
  CHECK_FALSE(guard(post("Content-Length: 0\r\n")).key);
  request_parser parser;
  boost::system::error_code ec;
  parser.put(boost::asio::buffer(raw), ec);
  REQUIRE(parser.is_header_done());
  forget_key(parser);
  CHECK(parser.get().count(http::field::authorization) == 0);
  CHECK(parser.get().count("x-api-key") == 0);
  CHECK(parser.get().count(http::field::host) == 1);
}

TEST_CASE("path and query are told apart, and neither is decoded") {
  CHECK(guard(get("/debug/trace?seconds=5")).path == "/debug/trace");
  CHECK(guard(get("/debug/trace?seconds=5")).query == "seconds=5");
  CHECK(guard(get("/a?b?c=%20")).query == "b?c=%20");
  CHECK(guard(get("/a?")).query.empty());
  CHECK(guard(get("/a")).query.empty());
}
