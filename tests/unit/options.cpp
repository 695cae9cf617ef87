// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/options.hpp>

#include <support/doctest.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

using namespace carpool;
using namespace std::chrono_literals;

namespace {

std::string refusal_of(const options& given) {
  try {
    check(given);
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("the defaults are valid, and so are the ends of every range") {
  CHECK(refusal_of({}) == "accepted");
  CHECK(refusal_of({.max_batch_size = 1, .max_queue_delay = 0ms, .max_queue_size = 1, .lanes = 1}) ==
        "accepted");
  CHECK(refusal_of({.max_batch_size = static_cast<std::size_t>(-1),
                    .max_queue_delay = duration::max(),
                    .max_queue_size = static_cast<std::size_t>(-1),
                    .default_deadline = 1ns}) == "accepted");
}

TEST_CASE("B3: an option out of range is refused with a sentence that names field, value and range") {
  CHECK(refusal_of({.max_batch_size = 0}) == "carpool::options::max_batch_size is 0; it must be at least 1");
  CHECK(refusal_of({.max_queue_size = 0}) == "carpool::options::max_queue_size is 0; it must be at least 1");
  CHECK(refusal_of({.lanes = 0}) == "carpool::options::lanes is 0; it must be at least 1");
  CHECK(refusal_of({.lanes = 65536}) == "accepted");
  CHECK(refusal_of({.lanes = 65537}) == "carpool::options::lanes is 65537; it must be at most 65536");
  CHECK(refusal_of({.devices = 0}) == "carpool::options::devices is 0; it must be at least 1");
  CHECK(refusal_of({.max_queue_delay = -5ms}) ==
        "carpool::options::max_queue_delay is -5.000000 ms; it must be zero or more");
  CHECK(refusal_of({.default_deadline = 0ms}) ==
        "carpool::options::default_deadline is 0.000000 ms; it must be more than zero");
  CHECK(refusal_of({.default_deadline = -1500us}) ==
        "carpool::options::default_deadline is -1.500000 ms; it must be more than zero");
}

TEST_CASE("B3: options about work, keys, ageing and hanging have their ranges") {
  CHECK(refusal_of({.max_batch_work = 0}) ==
        "carpool::options::max_batch_work is 0.000000; it must be more than zero");
  CHECK(refusal_of({.max_batch_work = std::numeric_limits<double>::quiet_NaN()}).find("max_batch_work") !=
        std::string::npos);
  CHECK(refusal_of({.batch_work = nullptr}) == "carpool::options::batch_work is null; it must be a function");
  CHECK(refusal_of({.max_queue_work = -1}) ==
        "carpool::options::max_queue_work is -1.000000; it must be more than zero");
  CHECK(refusal_of({.max_queue_size_per_key = 0}) ==
        "carpool::options::max_queue_size_per_key is 0; it must be at least 1");
  CHECK(refusal_of({.max_overtaking = -1ms}) ==
        "carpool::options::max_overtaking is -1.000000 ms; it must be zero or more");
  CHECK(refusal_of({.hung_after = 0ms}) ==
        "carpool::options::hung_after is 0.000000 ms; it must be more than zero");
  CHECK(refusal_of({.max_batch_work = 1e-9,
                    .batch_work = &padded_work,
                    .oversize = oversize::refuse,
                    .max_queue_work = 1e-9,
                    .max_queue_size_per_key = 1,
                    .max_overtaking = 0ms,
                    .fair_sharing = true,
                    .key_weight = [](std::uint64_t) { return 2.0; },
                    .hung_after = 1ns}) == "accepted");
}

TEST_CASE("a submission asks for nothing unless it says so") {
  constexpr submit_options asked;
  CHECK(asked.priority == 0);
  CHECK(asked.key == 0);
  CHECK(asked.max_wait == duration::max());
}

TEST_CASE("of several bad options the first is named") {
  CHECK(refusal_of({.max_batch_size = 0, .lanes = 0}).find("max_batch_size") != std::string::npos);
}

TEST_CASE("a deadline is a duration from now, a time point, or the default") {
  const time_point now{10s};
  CHECK(time_limit{time_point{12s}}.is_time_point());
  CHECK(!time_limit{}.is_time_point());
  CHECK(!time_limit{50ms}.is_time_point());
  CHECK(time_limit{}.within(1s) == 1s);
  CHECK(time_limit{50ms}.within(1s) == 50ms);
  CHECK(time_limit{50ms}.resolve(now, 1s) == time_point{10s + 50ms});
  CHECK(time_limit{time_point{12s}}.resolve(now, 1s) == time_point{12s});
  CHECK(time_limit{}.resolve(now, 1s) == time_point{11s});
  CHECK(time_limit{-1s}.resolve(now, 1s) == time_point{9s});
  CHECK(submit_options{}.deadline.resolve(now, 2s) == time_point{12s});
}

TEST_CASE("B31: deadlines that no clock reaches mean never") {
  const time_point now{10s};
  CHECK(time_limit{}.resolve(now, duration::max()) == never);
  CHECK(no_deadline.resolve(now, 1s) == never);
  CHECK(time_limit{std::chrono::hours::max()}.resolve(now, 1s) == never);
  CHECK(time_limit{never}.resolve(now, 1s) == never);
  CHECK(time_limit{duration::min()}.resolve(now, 1s) < now);
}

TEST_CASE("submit_options is safe as a braced temporary in a co_await on GCC 12") {
  static_assert(std::is_trivially_destructible_v<submit_options>);
  static_assert(std::is_trivially_copyable_v<submit_options>);
}
