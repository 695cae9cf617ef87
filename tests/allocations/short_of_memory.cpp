// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// B27 for everything that is not a plain submission: whatever is done without enough memory, nobody is lost.

#include <carpool/carpool.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <allocations/counting_new.hpp>
#include <support/doctest.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <vector>

namespace asio = boost::asio;
using namespace carpool;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

const auto echo = [](std::span<const int> inputs) { return std::vector<int>(inputs.begin(), inputs.end()); };
using batcher_type = DynamicBatcher<int, int>;

/// Lets four requests wait and does something with memory for `allocations` more blocks. False: it threw.
/// Either way the four get their results, and so does the next one.
template <class Functors, class Act>
bool loses_nobody(std::size_t allocations, options given, Functors functors, Act act) {
  INFO("memory for ", allocations, " allocations");
  asio::io_context io;
  given.model_executor = io.get_executor();
  batcher_type batcher{io, given, functors};
  std::vector<int> results;
  const auto note = [&](boost::system::error_code, int result) { results.push_back(result); };
  for (int i = 1; i <= 4; ++i) batcher.async_submit(i, note);
  bool done = true;
  try {
    const allocation_failure failing(allocations);
    act(batcher, given);
  } catch (const std::bad_alloc&) {
    done = false;
  }
  io.run();
  CHECK(results == std::vector<int>{1, 2, 3, 4});
  batcher.async_submit(7, note);
  io.restart();
  io.run();
  CHECK(results.back() == 7);
  const stats s = batcher.stats();
  CHECK(s.submitted == s.succeeded + s.failed + s.rejected);
  return done;
}

/// The same with ever more memory, until it is enough.
template <class Act>
void loses_nobody(const options& given, Act act) {
  std::size_t enough = 0;
  while (!loses_nobody(
      enough, given, [](std::size_t) { return echo; }, act))
    REQUIRE(++enough < 1000);
  CHECK(enough > 0);
}

}  // namespace

TEST_CASE("B27: a change of the options that finds no memory changes nothing") {
  loses_nobody({}, [](batcher_type& batcher, options given) {
    const std::size_t before = batcher.stats().lanes;
    given.lanes = 3;
    given.max_queue_size_per_key = 5;
    given.fair_sharing = true;
    try {
      batcher.reconfigure(given);
    } catch (const std::bad_alloc&) {
      CHECK(batcher.stats().lanes == before);
      throw;
    }
  });
}

TEST_CASE("B27: a change of the options that finds no memory for another lane's thread changes nothing") {
  DynamicBatcher<int, int> batcher{{}, [](std::size_t) { return echo; }};
  std::size_t allocations = 0;
  for (bool enough = false; !enough; ++allocations) {
    REQUIRE(allocations < 1000);
    INFO("memory for ", allocations, " allocations");
    try {
      const allocation_failure failing(allocations);
      batcher.reconfigure({.lanes = 2});
      enough = true;
    } catch (const std::bad_alloc&) {
      CHECK(batcher.stats().lanes == 1);
    }
    CHECK(batcher.async_submit(7, asio::use_future).get() == 7);
  }
  CHECK(allocations > 1);
}

TEST_CASE("B27: a policy that finds no memory does not take over") {
  loses_nobody({}, [](batcher_type& batcher, const options&) { batcher.set_policy(adaptive{}); });
}

TEST_CASE("B27: a reload that finds no memory is none, and one that is tells its end") {
  int begun = 0;
  int ended = 0;
  loses_nobody({.lanes = 2}, [&](batcher_type& batcher, const options&) {
    batcher.async_reload([](std::size_t) { return echo; }, [&](boost::system::error_code) { ++ended; });
    ++begun;
  });
  CHECK(begun == 1);
  CHECK(ended == 1);
}

TEST_CASE("B27: where memory is too short to observe a request or to share its run, it runs all the same") {
  struct silent final : observer {};
  for (std::size_t allocations = 0; allocations < 40; ++allocations) {
    int accepted = 0;
    int ended = 0;
    loses_nobody(allocations, {.observer = std::make_shared<silent>()}, single_flight{echo},
                 [&](batcher_type& batcher, const options&) {
                   for (int i = 0; i < 6; ++i) {
                     batcher.async_submit(i, [&](boost::system::error_code, int) { ++ended; });
                     ++accepted;
                   }
                 });
    CHECK(ended == accepted);
  }
}
