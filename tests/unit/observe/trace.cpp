// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/bert/json_reader.hpp>
#include <carpool/error.hpp>
#include <carpool/observe/trace.hpp>
#include <carpool/simulate/recorded_trace.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <cmath>
#include <exception>
#include <functional>
#include <limits>
#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace carpool;
using namespace carpool::test;
using namespace std::chrono_literals;
using bert::json_value;

namespace {

batch_report batch(std::uint64_t id, duration started, duration finished, std::size_t lane = 0) {
  batch_report b;
  b.id = id;
  b.lane = lane;
  b.size = 2;
  b.work = 2;
  b.reason = departure::full;
  b.started = at(started);
  b.finished = at(finished);
  b.times = {1ms, 2ms, 0ms};
  return b;
}

request_report request(std::uint64_t id, duration arrival, duration ended, std::uint64_t in_batch,
                       duration queue = {}, duration fill = {}) {
  request_report r;
  r.id = id;
  r.arrival = at(arrival);
  r.ended = at(ended);
  r.batch = in_batch;
  r.queue = queue;
  r.fill = fill;
  return r;
}

/// The events of a trace, read back as JSON.
class read_trace {
 public:
  explicit read_trace(const trace_recorder& trace, time_point since = time_point::min()) {
    std::ostringstream out;
    trace.write(out, since);
    document_ = bert::json_reader::read(out.str(), "trace");
  }

  [[nodiscard]] std::vector<const json_value*> events(std::string_view phase,
                                                      std::string_view name = {}) const {
    std::vector<const json_value*> found;
    for (const json_value& event : document_.find("traceEvents")->as_array("traceEvents"))
      if (text(event, "ph") == phase && (name.empty() || text(event, "name") == name))
        found.push_back(&event);
    return found;
  }

  static std::string text(const json_value& event, const char* field) {
    return event.find(field)->as_string(field);
  }
  static double number(const json_value& event, const char* field) {
    return event.find(field)->as_double(field);
  }

 private:
  json_value document_;
};

}  // namespace

TEST_CASE("a trace shows a batch on its lane with its three steps one after the other") {
  trace_recorder trace;
  trace.on_batch_finished(batch(1, 10ms, 14ms, 3));
  const read_trace seen(trace);
  const auto whole = seen.events("X", "batch of 2");
  REQUIRE(whole.size() == 1);
  CHECK(read_trace::number(*whole[0], "tid") == 4);
  CHECK(read_trace::number(*whole[0], "ts") == 0);
  CHECK(read_trace::number(*whole[0], "dur") == 4000);
  CHECK(read_trace::text(*whole[0]->find("args"), "left") == "full");
  CHECK(read_trace::number(*seen.events("X", "collate")[0], "ts") == 0);
  CHECK(read_trace::number(*seen.events("X", "model")[0], "ts") == 1000);
  CHECK(seen.events("X", "split").empty());
}

TEST_CASE("a recording tells when requests arrived and what batches cost") {
  trace_recorder trace;
  trace.on_batch_finished(batch(1, 10ms, 14500us));
  auto first = request(1, 2ms, 15ms, 1);
  first.work = 2.5;
  trace.on_request_ended(request(2, 5ms, 15ms, 1));
  trace.on_request_ended(first);
  std::stringstream text;
  text << std::fixed;
  text.precision(1);
  trace.write_recording(text);
  const auto read = simulate::trace_reader().read(text);
  REQUIRE(read.requests.size() == 2);
  CHECK(read.requests[0].work == 2.5);
  CHECK(read.requests[1].at - read.requests[0].at == 3ms);
  CHECK(read.requests[1].work == 1);
  REQUIRE(read.batches.size() == 1);
  CHECK(read.batches[0].start == doctest::Approx(0.008));
  CHECK(read.batches[0].size == 2);
  CHECK(read.batches[0].work == 2);
  CHECK(read.batches[0].duration == doctest::Approx(0.0045));
}

TEST_CASE("a recording leaves out what failed batches took, which says nothing about the model") {
  trace_recorder trace;
  trace.on_batch_finished(batch(1, 10ms, 15ms));
  auto failed = batch(2, 20ms, 20100us);
  failed.failure = std::make_exception_ptr(std::runtime_error("poison"));
  trace.on_batch_finished(failed);
  std::stringstream text;
  trace.write_recording(text);
  CHECK(simulate::trace_reader().read(text).batches.size() == 1);
}

TEST_CASE("a recording can be read whatever a batch_work of one's own returns") {
  trace_recorder trace;
  trace.on_batch_finished(batch(1, 10ms, 15ms));
  for (const double work : {std::numeric_limits<double>::infinity(), std::nan(""), -1.0}) {
    auto odd = batch(2, 20ms, 25ms);
    odd.work = work;
    trace.on_batch_finished(odd);
  }
  std::stringstream text;
  trace.write_recording(text);
  CHECK(simulate::trace_reader().read(text).batches.size() == 1);
}

TEST_CASE("a trace shows a request from its arrival to its end, with an arrow into its batch") {
  trace_recorder trace;
  trace.on_batch_finished(batch(7, 3ms, 5ms));
  trace.on_request_ended(request(1, 0ms, 6ms, 7, 2ms, 1ms));
  const read_trace seen(trace);
  REQUIRE(seen.events("b").size() == 1);
  CHECK(read_trace::number(*seen.events("b")[0], "ts") == 0);
  CHECK(read_trace::number(*seen.events("e")[0], "ts") == 6000);
  REQUIRE(seen.events("s").size() == 1);
  REQUIRE(seen.events("f").size() == 1);
  CHECK(read_trace::number(*seen.events("s")[0], "id") == read_trace::number(*seen.events("f")[0], "id"));
  CHECK(read_trace::number(*seen.events("f")[0], "ts") == 3000);
}

TEST_CASE("a request that never ran has a span and its reason, and no arrow") {
  trace_recorder trace;
  request_report refused = request(1, 0ms, 0ms, 0);
  refused.why = error::queue_full;
  trace.on_request_ended(refused);
  const read_trace seen(trace);
  CHECK(seen.events("s").empty());
  CHECK(read_trace::text(*seen.events("b")[0]->find("args"), "outcome") == refused.why.message());
}

TEST_CASE("a trace counts who waits: up at an arrival, down at a departure") {
  trace_recorder trace;
  trace.on_request_ended(request(1, 0ms, 9ms, 1, 4ms));
  trace.on_request_ended(request(2, 1ms, 9ms, 1, 3ms));
  const read_trace seen(trace);
  std::vector<double> depths;
  for (const auto* event : seen.events("C"))
    depths.push_back(read_trace::number(*event->find("args"), "waiting"));
  CHECK(depths == std::vector<double>{1, 2, 1, 0});
}

TEST_CASE("a trace is JSON however the stream is set") {
  struct grouping : std::numpunct<char> {
    std::string do_grouping() const override { return "\3"; }
  };
  trace_recorder trace;
  auto heavy = batch(123456, 0ms, 1ms);
  heavy.work = 1234567.5;
  trace.on_batch_finished(heavy);
  std::ostringstream out;
  out.imbue(std::locale(out.getloc(), new grouping));
  out << std::hex;
  trace.write(out);
  CHECK(out.str().find("\"batch\":123456,\"size\":2,\"work\":1234567.5,") != std::string::npos);
}

TEST_CASE("a trace is JSON whatever a batch_work of the user's returns") {
  trace_recorder trace;
  batch_report endless = batch(1, 0ms, 3ms);
  endless.work = std::numeric_limits<double>::infinity();
  trace.on_batch_finished(endless);
  CHECK(read_trace(trace).events("X", "batch of 2").size() == 1);
}

TEST_CASE("whoever writes a trace hears that it could not be written") {
  std::ostream nowhere(nullptr);
  nowhere.clear();
  trace_recorder{}.write(nowhere);
  CHECK(nowhere.bad());
}

TEST_CASE("a trace of nothing is a trace") {
  const read_trace nothing(trace_recorder{});
  CHECK(nothing.events("X").empty());
}

TEST_CASE("a trace can leave out what ended earlier") {
  trace_recorder trace;
  trace.on_batch_finished(batch(1, 0ms, 1ms));
  trace.on_batch_finished(batch(2, 2ms, 3ms));
  const read_trace later(trace, at(2ms));
  CHECK(later.events("X", "batch of 2").size() == 1);
}
