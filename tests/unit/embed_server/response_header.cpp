// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/response_header.hpp"

#include "support/doctest.hpp"

using namespace embed_server;

TEST_CASE("times are written as HTTP wants them") {
  CHECK(http_date(std::chrono::system_clock::from_time_t(784111777)) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("every answer says how long it is, when it was made and whose it is") {
  request_head head;
  head.request_id = "abc";
  auto answer = make_response(http::status::ok, "12345");
  complete_header(answer, head, true);
  CHECK(answer[http::field::content_length] == "5");
  CHECK(answer[http::field::date].size() == 29);
  CHECK(answer["x-request-id"] == "abc");
  CHECK(answer[http::field::cache_control] == "no-store");
  CHECK(answer.keep_alive());
}

TEST_CASE("a header goes over the wire line by line, with an empty one at its end") {
  auto answer = make_response(http::status::too_many_requests, "12345");
  answer.set("retry-after-ms", "50");
  CHECK(header_text(answer) ==
        "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nretry-after-ms: 50\r\n\r\n");
}

TEST_CASE("an answer to a request without an id gets a new one") {
  auto first = make_response(http::status::ok, "");
  auto second = first;
  complete_header(first, {}, false);
  complete_header(second, {}, false);
  CHECK(first["x-request-id"].size() == 16);
  CHECK(first["x-request-id"] != second["x-request-id"]);
  CHECK(first[http::field::connection] == "close");
}

TEST_CASE("an answer to HEAD has the length of the answer to GET, and no body") {
  request_head head;
  head.method = http::verb::head;
  auto answer = make_response(http::status::ok, "12345");
  complete_header(answer, head, true);
  CHECK(answer.body().empty());
  CHECK(answer[http::field::content_length] == "5");
}

TEST_CASE("who asked with a wrong method or OPTIONS is told which are allowed") {
  request_head head;
  head.method = http::verb::options;
  head.path = "/embed";
  auto answer = make_response(http::status::no_content, "");
  complete_header(answer, head, true);
  CHECK(answer[http::field::allow] == "POST, OPTIONS");
  head.method = http::verb::delete_;
  answer = make_response(http::status::method_not_allowed, "");
  complete_header(answer, head, true);
  CHECK(answer[http::field::allow] == "POST, OPTIONS");
}
