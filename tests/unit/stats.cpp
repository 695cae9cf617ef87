// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/stats.hpp>

#include <support/doctest.hpp>

#include <sstream>
#include <string>

using namespace carpool;
using namespace std::chrono_literals;

TEST_CASE("departure reasons have the words that metrics use") {
  CHECK(to_string(departure::full) == std::string("full"));
  CHECK(to_string(departure::timeout) == std::string("timeout"));
  CHECK(to_string(departure::lane_free) == std::string("lane_free"));
  CHECK(to_string(departure::deadline) == std::string("deadline"));
  CHECK(to_string(departure::drain) == std::string("drain"));
}

TEST_CASE("fresh stats are all zero") {
  const stats s;
  CHECK(s.submitted == 0);
  CHECK(s.batches == 0);
  CHECK(s.oldest_age == 0ns);
  CHECK(s.queued_work == 0);
  CHECK(s.longest_running == 0ns);
  for (const auto count : s.departures) CHECK(count == 0);
  CHECK(s.batch_size.count() == 0);
}

TEST_CASE("stats print the identity of the counts, the batches and the times") {
  stats s;
  s.submitted = 12;
  s.succeeded = 7;
  s.queued = 5;
  s.batches = 2;
  s.departures[static_cast<std::size_t>(departure::timeout)] = 2;
  s.batch_size.record(3);
  s.batch_size.record(4);
  s.queue_time.record(1'000'000);
  s.shared = 3;
  std::ostringstream text;
  text << s;
  CHECK(text.str().find("of these 3 shared a run") != std::string::npos);
  CHECK(text.str().find("12 submitted = 7 succeeded + 0 failed") != std::string::npos);
  CHECK(text.str().find("5 queued + 0 running") != std::string::npos);
  CHECK(text.str().find("batches: 2, mean size 3.5") != std::string::npos);
  CHECK(text.str().find("full 0, timeout 2, lane_free 0, deadline 0, drain 0") != std::string::npos);
  CHECK(text.str().find("queue time ms: p50 1.0") != std::string::npos);
}

TEST_CASE("departed() reads the count of one reason") {
  stats s;
  s.departures[static_cast<std::size_t>(departure::drain)] = 3;
  CHECK(s.departed(departure::drain) == 3);
  CHECK(s.departed(departure::full) == 0);
}
