// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Heavy traffic from many threads: every request completes exactly once, with its own result.

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <stress/submitter.hpp>
#include <support/doctest.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

using namespace carpool;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

bool adds_up(const stats& s) {
  return s.queued + s.running == 0 &&
         s.submitted == s.succeeded + s.failed + s.rejected + s.expired + s.cancelled + s.shut_down;
}

/// So many threads submit so many requests each, all different or all threads the same.
void drive(DynamicBatcher<tag, tag>& batcher, std::size_t threads, std::size_t requests, std::size_t callers,
           bool all_different = true) {
  std::deque<submitter> submitters;
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i)
    submitters.emplace_back(batcher, all_different ? i + 1 : 1, requests);
  for (auto& each : submitters) running.emplace_back([&each, callers] { each.run(callers); });
  for (auto& thread : running) thread.join();
  std::size_t succeeded = 0;
  for (const auto& each : submitters) {
    CHECK(each.wrong() == 0);
    succeeded += each.succeeded();
  }
  const stats s = batcher.stats();
  CHECK(s.submitted == threads * requests);
  CHECK(s.succeeded >= succeeded);  // inputs of a submission that failed as a whole may have succeeded
  CHECK(adds_up(s));
}

}  // namespace

TEST_CASE("8 submitters with 100,000 requests each: eager, three lanes with threads") {
  DynamicBatcher<tag, tag> batcher{{.max_batch_size = 64, .lanes = 3}, answers};
  drive(batcher, 8, 100'000, 32);
}

TEST_CASE("8 submitters with 100,000 requests each: size_or_timeout, a pool as the model executor") {
  boost::asio::thread_pool pool(2);
  DynamicBatcher<tag, tag> batcher{pool,
                                   {.max_batch_size = 32, .lanes = 2, .model_executor = pool.get_executor()},
                                   answers,
                                   size_or_timeout{16, 200us}};
  drive(batcher, 8, 100'000, 32);
}

TEST_CASE("8 submitters with the same 20,000 requests, which share runs") {
  const auto model = [](std::span<tag> questions) { return answers(questions); };
  DynamicBatcher<tag, tag> batcher{{.max_batch_size = 64, .lanes = 3}, single_flight{model}};
  drive(batcher, 8, 20'000, 32, false);
  CHECK(batcher.stats().shared > 0);
}

TEST_CASE("B12: a queue that is always full still completes everything exactly once") {
  DynamicBatcher<tag, tag> batcher{{.max_batch_size = 8, .max_queue_size = 16, .default_deadline = 5ms},
                                   answers};
  drive(batcher, 4, 20'000, 64);
  CHECK(batcher.async_submit(5, {.deadline = no_deadline}, boost::asio::use_future).get() == answer_to(5));
}

TEST_CASE("callers on the batcher's own context, which several threads run until nobody is left") {
  constexpr std::size_t callers = 200;
  constexpr tag each = 500;
  for (const bool own_lanes : {true, false}) {
    boost::asio::io_context io;
    carpool::options given{.max_batch_size = 16, .lanes = 2};
    if (!own_lanes) given.model_executor = io.get_executor();
    DynamicBatcher<tag, tag> batcher{io, given, answers};
    std::vector<tag> done(callers);
    std::atomic<std::size_t> wrong = 0;
    const std::function<void(std::size_t)> submit = [&](std::size_t caller) {
      const tag question = done[caller];
      batcher.async_submit(question, [&, caller, question](boost::system::error_code why, tag answer) {
        wrong += why || answer != answer_to(question) || done[caller]++ != question;
        if (done[caller] < each) submit(caller);
      });
    };
    for (std::size_t caller = 0; caller < callers; ++caller) submit(caller);
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { io.run(); });
    for (auto& thread : threads) thread.join();
    CHECK(done == std::vector<tag>(callers, each));
    CHECK(wrong == 0);
    CHECK(batcher.stats().succeeded == callers * each);
  }
}

TEST_CASE("B35: 100 submitter threads") {
  DynamicBatcher<tag, tag> batcher{{.max_batch_size = 32, .lanes = 2}, answers};
  drive(batcher, 100, 500, 4);
}
