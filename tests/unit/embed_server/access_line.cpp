// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/access_line.hpp"

#include "support/doctest.hpp"

#include <boost/json/parse.hpp>

#include <string>

using namespace embed_server;
using namespace std::chrono_literals;

namespace {

exchange some_request() {
  exchange request;
  request.head.method = http::verb::post;
  request.head.path = "/embed";
  request.client.name = "alice";
  request.span = {"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7", true};
  request.date = std::chrono::system_clock::time_point{1'700'000'000'250ms};
  request.begin = carpool::time_point{1s};
  request.body_size = 30;
  request.model_name = "all-MiniLM-L6-v2";
  request.variant = "batched";
  request.texts = 2;
  request.tokens = 9;
  request.preparation = 250us;
  request.model = 12345us;
  return request;
}

}  // namespace

TEST_CASE("a line is an object of JSON that tells who asked for what, how it ended and how long it took") {
  const auto line =
      access_line(some_request(), {.status = 200, .request_id = "abc", .address = "10.0.0.1", .sent = 3000},
                  carpool::time_point{1s + 15ms});
  CHECK(line ==
        R"({"time":"2023-11-14T22:13:20.250Z","request_id":"abc","address":"10.0.0.1","client":"alice",)"
        R"("method":"POST","path":"/embed","status":200,"model":"all-MiniLM-L6-v2","variant":"batched",)"
        R"("texts":2,"tokens":9,"bytes_received":30,"bytes_sent":3000,"duration_us":15000,"preparation_us":250,"model_us":12345,)"
        R"("trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"00f067aa0ba902b7",)"
        R"("parent_id":"b7ad6b7169203331"})");
}

TEST_CASE("what is not known is left out") {
  exchange request;
  request.head.method = http::verb::get;
  const auto line = boost::json::parse(access_line(request, {.status = 400}, {})).as_object();
  for (const char* name : {"client", "path", "model", "variant", "texts", "tokens", "preparation_us", "model_us", "trace_id",
                           "parent_id", "request_id"})
    CHECK_FALSE(line.contains(name));
  CHECK(line.at("status").as_int64() == 400);
}
