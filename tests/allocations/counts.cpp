// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What a batch costs besides instructions: wake-ups of lanes, settings of the timer, readings of the clock;
// and how large batches get when callers submit their next request as soon as they have the result of the
// last.

#include <carpool/scheduling/eager.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/packaged_task.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/error_code.hpp>

#include <support/counting_executor.hpp>
#include <support/doctest.hpp>
#include <support/gate.hpp>
#include <support/virtual_world.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <latch>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace carpool;
using namespace carpool::test;

namespace {

/// Callers on one io_context who always have one request under way each, and a batcher whose every step is
/// counted. Lanes run on another context, in turns with the callers.
struct closed_loop : virtual_world {
  template <class Policy = eager>
  explicit closed_loop(options given, Policy policy = {})
      : virtual_world(),
        turns(lanes),
        batcher(
            callers, with_turns(std::move(given)), [](std::span<int> inputs) { return inputs; },
            std::move(policy)) {}

  options with_turns(options given) {
    given.model_executor = turns;
    return given;
  }

  void submit() {
    if (--left >= 0) batcher.async_submit(left, asked, [this](boost::system::error_code, int) { submit(); });
  }

  void run(std::size_t in_flight, int requests) {
    left = requests;
    asio::post(callers, [this, in_flight] {
      for (std::size_t i = 0; i < in_flight; ++i) submit();
    });
    settle();
  }

  struct counts {
    std::size_t batches, turns, reads, armings;
  };
  /// Of so many requests in the steady state.
  counts cost_of(std::size_t in_flight, int requests) {
    run(in_flight, 10'000);
    const counts before = so_far();
    run(in_flight, requests);
    const counts after = so_far();
    return {after.batches - before.batches, after.turns - before.turns, after.reads - before.reads,
            after.armings - before.armings};
  }

  [[nodiscard]] counts so_far() {
    const std::size_t reads = manual_clock::reads();  // stats() reads it too
    return {static_cast<std::size_t>(batcher.stats().batches), turns.posts(), reads, manual_clock::armings()};
  }

  counting_executor turns;
  virtual_batcher<int, int> batcher;
  submit_options asked;
  int left = 0;
};

}  // namespace

TEST_CASE("callers fewer than a batch holds are all in one batch") {
  closed_loop loop({.max_batch_size = 64});
  const auto cost = loop.cost_of(32, 32'000);
  CHECK(cost.batches <= 1005);
}

TEST_CASE("when more wait than a batch holds, batches are full") {
  closed_loop loop({.max_batch_size = 64});
  const auto cost = loop.cost_of(1024, 64'000);
  CHECK(cost.batches <= 1050);
}

TEST_CASE("a lane is woken once per batch") {
  for (const std::size_t in_flight : {1u, 32u, 64u, 1024u}) {
    closed_loop loop({.max_batch_size = 64});
    const auto cost = loop.cost_of(in_flight, 10'000);
    CHECK(cost.turns <= cost.batches + 64);  // the first requests go one by one
  }
}

TEST_CASE("batches that fill set no timer, whatever the policy; those that do not, one each") {
  closed_loop full({.max_batch_size = 64}, size_or_timeout{});
  CHECK(full.cost_of(64, 64'000).armings <= 2);  // for the first and the last batch
  CHECK(full.batcher.stats().departed(departure::timeout) <= 2);
}

TEST_CASE("callers who come back at once need no timer set anew, with deadlines and batches that take all") {
  for (const std::size_t in_flight : {1u, 64u}) {
    closed_loop loop({.max_batch_size = 64});
    loop.asked.deadline = std::chrono::hours(1);
    CHECK(loop.cost_of(in_flight, 64'000).armings <= 2);
    CHECK(manual_clock::armed_timers() == 0);  // when they stay away
  }
}

TEST_CASE("the clock is read three times per batch: when its requests arrive, when it starts, when it ends") {
  closed_loop loop({.max_batch_size = 64});
  for (const std::size_t in_flight : {64u, 1024u}) {
    const auto cost = loop.cost_of(in_flight, 64'000);
    CHECK(cost.reads <= 3 * cost.batches + 2 * in_flight);
  }
}

namespace {

/// steady_clock, counting for each thread how often it reads it.
struct counting_clock : std::chrono::steady_clock {
  static time_point now() noexcept {
    ++reads;
    return std::chrono::steady_clock::now();
  }
  static inline thread_local std::size_t reads = 0;
};

}  // namespace

TEST_CASE(
    "a lane's thread that is never out of work reads the clock once per batch, twice if it calls handlers") {
  for (const std::size_t per_batch : {1U, 2U}) {
    gate all_there;
    std::latch answered(81);
    std::vector<std::size_t> reads;
    basic_dynamic_batcher<int, int, counting_clock> batcher{{.max_batch_size = 8},
                                                            [&](std::span<int> inputs) {
                                                              all_there.pass();
                                                              reads.push_back(counting_clock::reads);
                                                              return inputs;
                                                            }};
    const auto handler = [&](boost::system::error_code, int) { answered.count_down(); };
    for (int i = 0; i < 81; ++i) {
      if (per_batch == 1)
        batcher.async_submit(i, handler);
      else
        batcher.async_submit(i, asio::bind_executor(asio::system_executor(), handler));
    }
    all_there.open();
    answered.wait();
    for (std::size_t i = 1; i < reads.size(); ++i) CHECK(reads[i] == reads[i - 1] + per_batch);
    CHECK(reads.size() >= 10);
  }
}

TEST_CASE(
    "on the batcher's own context a timer that nobody needs any more fires once, instead of being taken "
    "back") {
  basic_dynamic_batcher<int, int, counting_clock> batcher{
      {}, [](std::span<int> inputs) { return inputs; }, eager{}};
  const auto reads_there = [&] {
    return asio::post(batcher.get_executor(),
                      std::packaged_task<std::size_t()>([] { return counting_clock::reads; }))
        .get();
  };
  const std::size_t before = reads_there();
  for (int round = 0; round < 3; ++round)
    CHECK(batcher.async_submit(1, {.deadline = std::chrono::milliseconds(200)}, asio::use_future).get() == 1);
  const auto pass = [&](carpool::duration by) {
    asio::steady_timer(batcher.get_executor(), by).async_wait(asio::use_future).get();
  };
  pass(std::chrono::milliseconds(300));
  const std::size_t fired = reads_there();
  CHECK(fired > before);
  pass(std::chrono::milliseconds(300));
  CHECK(reads_there() == fired);
}
