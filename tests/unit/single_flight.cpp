// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Requests with equal inputs share a run: the batcher's part of it.

#include <carpool/scheduling/eager.hpp>
#include <carpool/single_flight.hpp>
#include <carpool/with_work.hpp>

#include <support/doctest.hpp>
#include <support/int_bench.hpp>

#include <functional>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace carpool;
using namespace carpool::test;

namespace {

struct sharing_bench : virtual_world {
  explicit sharing_bench(options given = {})
      : virtual_world(), batcher(callers, running_here(std::move(given)), single_flight{model}, eager{}) {}

  reply<int> submit(int input, submit_options asked = {}) {
    reply<int> result;
    batcher.async_submit(input, asked, result.handler());
    return result;
  }

  recording_model model;
  virtual_batcher<int, int> batcher;
};

}  // namespace

TEST_CASE("equal inputs run once, and every caller gets the result") {
  sharing_bench bench;
  const auto a = bench.submit(1), b = bench.submit(2), c = bench.submit(1);
  bench.settle();
  CHECK(bench.model.batches() == batches{{1, 2}});
  CHECK(a.succeeded_with(10));
  CHECK(b.succeeded_with(20));
  CHECK(c.succeeded_with(10));
  CHECK(bench.batcher.stats().shared == 1);
}

TEST_CASE("a request joins a run that has begun, and the next one runs anew") {
  sharing_bench bench;
  reply<int> late;
  bench.model.during([&] { late = bench.submit(1); });
  const auto first = bench.submit(1);
  bench.settle();
  CHECK(first.succeeded_with(10));
  CHECK(late.succeeded_with(10));
  bench.submit(1);
  bench.settle();
  CHECK(bench.model.batches() == batches{{1}, {1}});
}

TEST_CASE("while a result is copied its callers may leave, and who comes then runs anew") {
  struct label {
    label() = default;
    explicit label(std::function<void()>& hook) : copying(&hook) {}
    label(const label& other) : copying(other.copying) {
      if (const auto what = std::exchange(*copying, {})) what();
    }
    label(label&&) noexcept = default;
    label& operator=(label&&) noexcept = default;
    std::function<void()>* copying = nullptr;
  };
  virtual_world world;
  std::function<void()> copying;
  int runs = 0;
  const auto model = [&](std::span<const int>) {
    ++runs;
    std::vector<label> results;
    results.emplace_back(copying);
    return results;
  };
  virtual_batcher<int, label> batcher(world.callers, world.running_here(), single_flight{model}, eager{});
  int succeeded = 0;
  int cancelled = 0;
  const auto note = [&](boost::system::error_code why, const label&) {
    succeeded += !why;
    cancelled += why == asio::error::operation_aborted;
  };
  asio::cancellation_signal signal;
  copying = [&] {
    signal.emit(asio::cancellation_type::terminal);
    batcher.async_submit(1, note);
  };
  batcher.async_submit(1, note);
  batcher.async_submit(1, asio::bind_cancellation_slot(signal.slot(), note));
  batcher.async_submit(1, note);
  world.settle();
  CHECK(runs == 2);
  CHECK(succeeded == 3);
  CHECK(cancelled == 1);
  CHECK(adds_up(batcher.stats()));
}

TEST_CASE("equal inputs of one operation share, too") {
  sharing_bench bench;
  reply<ints> r;
  bench.batcher.async_submit_many(ints{3, 1, 3, 3}, r.handler());
  bench.settle();
  CHECK(r.succeeded_with(ints{30, 10, 30, 30}));
  CHECK(bench.model.batches() == batches{{3, 1}});
}

TEST_CASE("each caller of a run leaves at its own deadline, whoever was first") {
  sharing_bench bench;
  reply<int> first, second, third;
  bench.model.during([&] {
    first = bench.submit(5, {.deadline = 2ms});
    second = bench.submit(5, {.deadline = 1ms});
    third = bench.submit(5);
    bench.oversleep(3ms);
  });
  bench.submit(1);
  bench.settle();
  CHECK(first.failed_with(error::expired));
  CHECK(second.failed_with(error::expired));
  CHECK(third.succeeded_with(50));
  CHECK(bench.model.batches() == batches{{1}, {5}});
  CHECK(adds_up(bench.batcher.stats()));
}

TEST_CASE("an error is shared like a result") {
  virtual_world world;
  int runs = 0;
  const auto failing = [&runs](std::span<const int> inputs) {
    ++runs;
    return std::vector<boost::system::result<int>>(inputs.size(),
                                                   asio::error::make_error_code(asio::error::host_not_found));
  };
  virtual_batcher<int, int> batcher(world.callers, world.running_here(), single_flight{failing}, eager{});
  reply<int> a, b;
  batcher.async_submit(1, a.handler());
  batcher.async_submit(1, b.handler());
  world.settle();
  CHECK(runs == 1);
  CHECK(a.failed_with(asio::error::host_not_found));
  CHECK(b.failed_with(asio::error::host_not_found));
  CHECK(batcher.stats().failed == 2);
}

TEST_CASE("what is equal is the user's to say, and work may be told as well") {
  virtual_world world;
  recording_model model;
  const auto parity = [](int x) { return static_cast<std::size_t>(x % 2); };
  const auto same_parity = [](int x, int y) { return x % 2 == y % 2; };
  const with_work functors{single_flight{model, parity, same_parity}, [](int x) { return x; }};
  virtual_batcher<int, int> batcher(world.callers, world.running_here(), functors, eager{});
  reply<int> even, odd, other;
  batcher.async_submit(2, even.handler());
  batcher.async_submit(3, odd.handler());
  batcher.async_submit(4, other.handler());
  world.settle();
  CHECK(model.batches() == batches{{2, 3}});
  CHECK(other.succeeded_with(20));
}

TEST_CASE("a result that cannot be copied is missed by one caller only, who counts as failed") {
  struct outcomes final : observer {
    void on_request_ended(const request_report& report) noexcept override {
      (report.why == error::out_of_memory ? failed : succeeded) += 1;
    }
    int succeeded = 0;
    int failed = 0;
  };
  struct once {
    once() = default;
    explicit once(int* copies) : copies_left(copies) {}
    once(const once& other) : copies_left(other.copies_left) {
      if (--*copies_left < 0) throw std::bad_alloc();
    }
    once(once&&) noexcept = default;
    once& operator=(once&&) noexcept = default;
    int* copies_left = nullptr;
  };
  virtual_world world;
  int copies = 1;
  const auto model = [&copies](std::span<const int>) {
    std::vector<once> results;
    results.emplace_back(&copies);
    return results;
  };
  const auto told = std::make_shared<outcomes>();
  virtual_batcher<int, once> batcher(world.callers, world.running_here({.observer = told}),
                                     single_flight{model}, eager{});
  int succeeded = 0;
  int failed = 0;
  for (int i = 0; i < 3; ++i)
    batcher.async_submit(1, [&](boost::system::error_code why, const once&) {
      succeeded += !why;
      failed += why == error::out_of_memory;
    });
  world.settle();
  CHECK(succeeded == 2);
  CHECK(failed == 1);
  CHECK(told->succeeded == 2);
  CHECK(told->failed == 1);
  const stats s = batcher.stats();
  CHECK(s.succeeded == 2);
  CHECK(s.failed == 1);
  CHECK(adds_up(s));
}
