// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/trace_service.hpp"

#include "embed_server/api_error.hpp"
#include "embed_server/trace_switch.hpp"
#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/temporary_folder.hpp"
#include "test_server.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace embed_server;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

const std::string key = "x-api-key: root-0123456789abcdef\r\n";

// A server of which the one key is an admin's, and who asks it for traces.
class traced_server {
 public:
  explicit traced_server(const carpool::options& batching = {}) : server({}, batching) {
    server.set_keys(folder_.write("keys", "root root-0123456789abcdef admin"));
  }

  std::string ask_for(const std::string& seconds) const {
    return "GET /debug/trace?seconds=" + seconds + " HTTP/1.1\r\nHost: a\r\n" + key + "\r\n";
  }
  // Embeds as many texts, and waits until the observer has heard of them, which may be later than the client.
  void embed(std::size_t texts) const {
    http_client client(server.port());
    std::string list = "\"a\"";
    for (std::size_t i = 1; i < texts; ++i) list += ",\"a\"";
    CHECK(client.ask(post_json("/embed", R"({"inputs":[)" + list + "]}", key)).status == 200);
    const auto heard = R"("success":{"count":)" + std::to_string(texts) + ',';
    const auto statistics = "GET /v2/models/fake/stats HTTP/1.1\r\nHost: a\r\n" + key + "\r\n";
    await([&] { return client.ask(statistics).body.find(heard) != std::string::npos; });
  }
  // Waits until a trace is under way: a second one is refused then.
  void await_trace() const {
    // Who asks for a model that is not there is told of the other trace first, and traces nothing.
    await([&] { return http_client(server.port()).ask(ask_for("1&model=nobody")).status == 409; });
  }

 private:
  temporary_folder folder_;

 public:
  test_server server;
};

std::vector<boost::json::object> events(const boost::json::value& trace, std::string_view phase) {
  std::vector<boost::json::object> found;
  for (const auto& event : trace.at("traceEvents").as_array())
    if (event.at("ph").as_string() == phase) found.push_back(event.as_object());
  return found;
}

double number(const boost::json::object& event, std::string_view field) {
  return event.at(field).to_number<double>();
}

// Whether each arrow ends in a slice of its track, as it must to be drawn.
bool ends_in_a_batch(const boost::json::object& arrow, const boost::json::value& trace) {
  for (const auto& slice : events(trace, "X")) {
    if (number(slice, "tid") == number(arrow, "tid") &&
        slice.at("name").as_string().starts_with("batch of") && number(slice, "ts") <= number(arrow, "ts") &&
        number(arrow, "ts") <= number(slice, "ts") + number(slice, "dur"))
      return true;
  }
  return false;
}

carpool::request_report ended(std::uint64_t id) {
  carpool::request_report report;
  report.id = id;
  return report;
}

bool is_invalid(std::string_view query) {
  try {
    read_trace_query(query);
  } catch (const api_error& error) {
    return error.kind() == problem::invalid;
  }
  return false;
}

}  // namespace

TEST_CASE("a trace takes as long as it is asked to, from one second to sixty") {
  CHECK(read_trace_query("").time == 5s);
  CHECK(read_trace_query("seconds=1").time == 1s);
  CHECK(read_trace_query("seconds=60").time == 60s);
  for (const auto* query : {"seconds", "seconds=", "seconds=0", "seconds=61", "seconds=-1", "seconds=1.5",
                            "seconds=5&x=1", "x=1", "seconds=99999999999999999999", "Seconds=5"})
    CHECK(is_invalid(query));
}

TEST_CASE("a trace may be of any model") {
  CHECK(read_trace_query("seconds=7").model.empty());
  CHECK(read_trace_query("model=a%20b").model == "a b");
  CHECK(read_trace_query("model=x&seconds=7").model == "x");
  CHECK(read_trace_query("model=x&seconds=7").time == 7s);
}

TEST_CASE("a trace is JSON in which every request flows into the batch that carried it") {
  traced_server traced({.max_batch_size = 2});
  http_client tracer(traced.server.port());
  tracer.send(traced.ask_for("60"));
  traced.await_trace();
  constexpr std::size_t texts = 6;
  traced.embed(texts);
  traced.server.signal();
  const auto answer = tracer.receive();
  CHECK(answer.status == 200);
  CHECK(answer.field("content-type") == "application/json");
  const auto trace = boost::json::parse(answer.body);
  const auto begins = events(trace, "b"), ends = events(trace, "e"), starts = events(trace, "s"),
             arrivals = events(trace, "f");
  CHECK(begins.size() == texts);
  CHECK(ends.size() == texts);
  std::set<double> began, started, arrived;
  for (const auto& each : begins) began.insert(number(each, "id"));
  for (const auto& each : starts) started.insert(number(each, "id"));
  for (const auto& each : arrivals) {
    arrived.insert(number(each, "id"));
    CHECK(ends_in_a_batch(each, trace));
  }
  CHECK(began.size() == texts);
  CHECK(started == began);
  CHECK(arrived == began);
  CHECK(traced.server.wait());
}

TEST_CASE("there is one trace at a time") {
  traced_server traced;
  http_client tracer(traced.server.port()), second(traced.server.port());
  tracer.send(traced.ask_for("60"));
  traced.await_trace();
  const auto refused = second.ask(traced.ask_for("1"));
  CHECK(refused.status == 409);
  CHECK(refused.body.find("one at a time") != std::string::npos);
  tracer.close();
  await([&] { return second.ask(traced.ask_for("1")).status == 200; });  // when the server has seen that
}

TEST_CASE("a client that leaves ends its trace") {
  traced_server traced;
  http_client leaving(traced.server.port());
  leaving.send(traced.ask_for("60"));
  traced.await_trace();
  leaving.close();
  http_client next(traced.server.port());
  await([&] { return next.ask(traced.ask_for("1")).status == 200; });
}

TEST_CASE("a server that ends answers its traces with what they have") {
  traced_server traced;
  http_client tracer(traced.server.port());
  tracer.send(traced.ask_for("60"));
  traced.await_trace();
  traced.embed(1);
  traced.server.signal();
  const auto answer = tracer.receive();
  CHECK(answer.status == 200);
  CHECK(events(boost::json::parse(answer.body), "b").size() == 1);
  CHECK(traced.server.wait());
}

TEST_CASE("a trace keeps a bounded number of events") {
  auto trace = std::make_shared<carpool::trace_recorder>(3);
  struct nobody final : carpool::observer {};
  trace_switch batcher{std::make_shared<nobody>()};
  batcher.on_request_ended(ended(1));
  batcher.set(trace);
  for (std::uint64_t id = 2; id < 10; ++id) batcher.on_request_ended(ended(id));
  batcher.set(nullptr);
  batcher.on_request_ended(ended(10));
  std::ostringstream text;
  trace->write(text);
  const auto kept = events(boost::json::parse(text.str()), "b");
  REQUIRE(kept.size() == 3);
  CHECK(number(kept.front(), "id") == 7);
  CHECK(number(kept.back(), "id") == 9);
}
