// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/simulate/recorded_trace.hpp>

#include <support/doctest.hpp>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

using namespace carpool;
using namespace std::chrono_literals;

simulate::recorded_trace read(const std::string& text) {
  std::istringstream in(text);
  return simulate::read_trace(in);
}

}  // namespace

TEST_CASE("a recording gives requests in order from the first arrival on, and batches by their start") {
  const auto trace = read(
      "# a comment\n"
      "request,100.5,7\n"
      "\n"
      "batch,101,2,9,0.025\n"
      "request,100.25\n"
      "batch,100.3,1,1,0.020\r\n");
  REQUIRE(trace.requests.size() == 2);
  CHECK(trace.requests[0].at == time_point{});
  CHECK(trace.requests[0].work == 1);
  CHECK(trace.requests[1].at == time_point{} + 250ms);
  CHECK(trace.requests[1].work == 7);
  REQUIRE(trace.batches.size() == 2);
  CHECK(trace.batches[0].start == 100.3);
  CHECK(trace.batches[1].size == 2);
  CHECK(trace.batches[1].work == 9);
  CHECK(trace.batches[1].duration == 0.025);
}

TEST_CASE("a recording may be empty") {
  CHECK(read("").requests.empty());
  CHECK(read("# nothing\n").batches.empty());
}

TEST_CASE("a line that is no event is refused by its number") {
  for (const char* line :
       {"request", "request,", "request,1,2,3", "request,x", "request,1 ", "request,nan", "request,1,",
        "batch,1,1,1,1,", "batch,1,2,3", "batch,1,0,1,1", "batch,1,1,1,-1", "arrival,1", ",", "request,1,-1",
        "batch,1,1,-1,1", "batch,1,1e300,1,1", "batch,1,1,1,1e300"}) {
    CAPTURE(line);
    CHECK_THROWS_WITH_AS(read(std::string("# first\n") + line + "\n"),
                         "line 2 is neither request,ARRIVAL[,WORK] nor batch,START,SIZE,WORK,DURATION",
                         std::runtime_error);
  }
}

TEST_CASE("a recording that cannot be read to its end is refused") {
  std::ifstream folder(".");
  CHECK_THROWS_WITH_AS(static_cast<void>(simulate::read_trace(folder)), "nothing can be read after line 0",
                       std::runtime_error);
}
