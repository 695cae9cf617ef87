// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A batch that fails, and who of it can be saved.

#include <carpool/with_work.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <support/doctest.hpp>
#include <support/int_bench.hpp>

#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

using namespace carpool;
using namespace carpool::test;

namespace {

/// A batcher whose model throws for batches that `refuses` does not like, and else returns its inputs.
template <class In = int>
struct rescue_bench : virtual_world {
  using model = std::function<void(std::span<const In>)>;

  rescue_bench(options given, model refuses_) : refuses(std::move(refuses_)) {
    batcher.emplace(
        callers, running_here(std::move(given)),
        [this](std::span<const In> inputs) {
          sizes.push_back(inputs.size());
          refuses(inputs);
          return std::vector<In>(inputs.begin(), inputs.end());
        },
        eager{});
  }

  std::vector<reply<In>> submit_all(std::vector<In> inputs) {
    std::vector<reply<In>> replies(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) batcher->async_submit(inputs[i], replies[i].handler());
    settle();
    return replies;
  }

  model refuses;
  std::vector<std::size_t> sizes;  // of all runs
  std::optional<virtual_batcher<In, In>> batcher;
};

auto throws_for(std::set<int> guilty) {
  return [guilty = std::move(guilty)](std::span<const int> inputs) {
    for (const int input : inputs)
      if (guilty.count(input) > 0) throw boost::system::system_error(asio::error::host_unreachable);
  };
}

const ints eight{0, 1, 2, 3, 4, 5, 6, 7};

}  // namespace

TEST_CASE("B9: of a failed batch only the one to blame fails, with the model's own error") {
  rescue_bench<> bench({}, throws_for({5}));
  const auto replies = bench.submit_all(eight);
  for (int i = 0; i < 8; ++i)
    CHECK((i == 5 ? replies[5].failed_with(asio::error::host_unreachable)
                  : replies[static_cast<std::size_t>(i)].succeeded_with(i)));
  CHECK(bench.sizes.size() <= 1 + 7);  // 2 log2 8 + 1
  const stats s = bench.batcher->stats();
  CHECK(s.succeeded == 7);
  CHECK(s.failed == 1);
  CHECK(s.batches == 1);
}

TEST_CASE("B9: a failure that goes away by itself costs nobody anything") {
  int runs = 0;
  rescue_bench<> bench({}, [&](std::span<const int>) {
    if (++runs == 1) throw std::runtime_error("once");
  });
  for (const auto& each : bench.submit_all(eight)) CHECK_FALSE(each.error());
}

TEST_CASE("B9: the exception that made the whole batch fail is told once") {
  int told = 0;
  rescue_bench<> bench({.on_batch_error = [&](std::exception_ptr) { ++told; }}, throws_for({5}));
  bench.submit_all(eight);
  CHECK(told == 1);
}

TEST_CASE("B9: nobody is run again if that is not wanted") {
  rescue_bench<> bench({.isolate_failures = false}, throws_for({5}));
  for (const auto& each : bench.submit_all(eight)) CHECK(each.failed_with(asio::error::host_unreachable));
  CHECK(bench.sizes == std::vector<std::size_t>{8});
}

TEST_CASE("B9: functors that may have moved from their inputs do not get them again") {
  virtual_world world;
  int runs = 0;
  virtual_batcher<std::string, int> batcher{world.callers, world.running_here(), [&](std::span<std::string>) {
                                              ++runs;
                                              return std::vector<int>{};  // too few
                                            }};
  reply<int> first, second;
  batcher.async_submit("a", first.handler());
  batcher.async_submit("b", second.handler());
  world.settle();
  CHECK(first.failed_with(error::result_count_mismatch));
  CHECK(second.failed_with(error::result_count_mismatch));
  CHECK(runs == 1);
}

TEST_CASE("B9: functors that change their inputs in place get copies, every time anew") {
  virtual_world world;
  virtual_batcher<int, int> batcher{world.callers, world.running_here(), [](std::span<int> inputs) {
                                      for (int& input : inputs) {
                                        if (input == 3) throw std::runtime_error("three");
                                        input *= 10;
                                      }
                                      return inputs;
                                    }};
  std::vector<reply<int>> replies(5);
  for (int i = 0; i < 5; ++i) batcher.async_submit(i, replies[static_cast<std::size_t>(i)].handler());
  world.settle();
  for (int i = 0; i < 5; ++i)
    CHECK((i == 3 ? replies[3].failed_with(error::model_failed)
                  : replies[static_cast<std::size_t>(i)].succeeded_with(10 * i)));
}

TEST_CASE("B9: a model that always fails runs about twice as often, no more") {
  rescue_bench<> bench({.max_batch_size = 8},
                       [](std::span<const int>) { throw std::runtime_error("always"); });
  for (int i = 0; i < 100; ++i)
    for (const auto& each : bench.submit_all(eight)) CHECK(each.failed_with(error::model_failed));
  CHECK(bench.sizes.size() <= 100 + 7);
}

TEST_CASE("B9: who leaves while the batch is run again is told at once, and the others are saved") {
  reply<int> leaver;
  asio::cancellation_signal signal;
  int runs = 0;
  rescue_bench<> bench({}, [&](std::span<const int> inputs) {
    if (++runs == 3) signal.emit(asio::cancellation_type::terminal);
    throws_for({1})(inputs);
  });
  bench.batcher->async_submit(0, asio::bind_cancellation_slot(signal.slot(), leaver.handler()));
  reply<int> guilty, mate;
  bench.batcher->async_submit(1, guilty.handler());
  bench.batcher->async_submit(2, mate.handler());
  bench.settle();
  CHECK(leaver.failed_with(asio::error::operation_aborted));
  CHECK(guilty.failed_with(asio::error::host_unreachable));
  CHECK(mate.succeeded_with(2));
}

TEST_CASE(
    "a batch that does not fit into memory is run in parts: nobody fails, and the next ones are smaller") {
  rescue_bench<> bench({.max_batch_size = 16}, [](std::span<const int> inputs) {
    if (inputs.size() > 5) throw out_of_memory("6 do not fit");
  });
  CHECK(bench.batcher->stats().max_batch_work == std::numeric_limits<double>::infinity());
  for (const auto& each : bench.submit_all(ints(16, 1))) CHECK_FALSE(each.error());
  CHECK(bench.sizes == std::vector<std::size_t>{16, 8, 8, 4, 4, 4, 4});
  CHECK(bench.batcher->stats().max_batch_work == 4);
  bench.sizes.clear();
  for (const auto& each : bench.submit_all(ints(16, 1))) CHECK_FALSE(each.error());
  CHECK(bench.sizes == std::vector<std::size_t>{4, 4, 4, 4});
}

TEST_CASE("std::bad_alloc of a functor is a lack of memory like any other") {
  rescue_bench<> bench({.max_batch_size = 16}, [](std::span<const int> inputs) {
    if (inputs.size() > 5) throw std::bad_alloc();
  });
  for (const auto& each : bench.submit_all(ints(16, 1))) CHECK_FALSE(each.error());
  CHECK(bench.sizes == std::vector<std::size_t>{16, 8, 8, 4, 4, 4, 4});
  CHECK(bench.batcher->stats().max_batch_work == 4);
}

TEST_CASE("after a lack of memory batches grow again, slowly") {
  bool full = true;
  rescue_bench<> bench({.max_batch_size = 16}, [&](std::span<const int> inputs) {
    if (full && inputs.size() > 4) throw out_of_memory();
  });
  bench.submit_all(ints(16, 1));
  full = false;
  for (int i = 0; i < 200; ++i) bench.submit_all(ints(16, 1));
  CHECK(bench.sizes.back() == 16);
}

TEST_CASE("a request that does not fit into memory alone is the only one that fails") {
  rescue_bench<> bench({}, [](std::span<const int> inputs) {
    for (const int input : inputs)
      if (input == 5) throw out_of_memory();
  });
  const auto replies = bench.submit_all(eight);
  for (int i = 0; i < 8; ++i)
    CHECK((i == 5 ? replies[5].failed_with(error::out_of_memory)
                  : replies[static_cast<std::size_t>(i)].succeeded_with(i)));
}
