// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Heavy traffic from many threads: every request completes exactly once, with its own result.

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <stress/submitter.hpp>
#include <support/doctest.hpp>

#include <cstddef>
#include <deque>
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

/// So many threads submit so many requests each.
void drive(DynamicBatcher<tag, tag>& batcher, std::size_t threads, std::size_t requests,
           std::size_t callers) {
  std::deque<submitter> submitters;
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) submitters.emplace_back(batcher, i + 1, requests);
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

TEST_CASE("B12: a queue that is always full still completes everything exactly once") {
  DynamicBatcher<tag, tag> batcher{{.max_batch_size = 8, .max_queue_size = 16, .default_deadline = 5ms},
                                   answers};
  drive(batcher, 4, 20'000, 64);
  CHECK(batcher.async_submit(5, {.deadline = no_deadline}, boost::asio::use_future).get() == answer_to(5));
}

TEST_CASE("B35: 100 submitter threads") {
  DynamicBatcher<tag, tag> batcher{{.max_batch_size = 32, .lanes = 2}, answers};
  drive(batcher, 100, 500, 4);
}
