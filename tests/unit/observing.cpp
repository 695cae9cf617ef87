// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What an observer is told.

#include <carpool/observe/observer.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/use_future.hpp>

#include <support/doctest.hpp>
#include <support/gate.hpp>
#include <support/int_bench.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>

using namespace carpool;
using namespace carpool::test;

namespace {

struct diary : observer {
  void on_batch_started(const batch_report& batch) noexcept override { started.push_back(batch); }
  void on_batch_finished(const batch_report& batch) noexcept override { finished.push_back(batch); }
  void on_request_ended(const request_report& request) noexcept override { requests.push_back(request); }
  void on_lane_hung(const hung_lane_report& lane) noexcept override { hung.push_back(lane); }

  std::vector<batch_report> started, finished;
  std::vector<request_report> requests;
  std::vector<hung_lane_report> hung;
};

struct observed {
  explicit observed(options given = {}) : bench(with_diary(std::move(given))) {}

  options with_diary(options given) {
    given.observer = told;
    return given;
  }

  std::shared_ptr<diary> told = std::make_shared<diary>();
  int_bench bench;
};

// Its batches wait at the gate.
DynamicBatcher<int, int> pairs_behind(gate& entrance, const std::shared_ptr<observer>& told) {
  return {{.max_batch_size = 2, .observer = told},
          [&entrance](std::span<const int> inputs) {
            entrance.pass();
            return ints(inputs.begin(), inputs.end());
          },
          eager{}};
}

}  // namespace

TEST_CASE("an observer is told of a batch when it starts and when it ends, then of its requests") {
  observed it;
  it.bench.model.during([] { manual_clock::advance(4ms); });
  it.bench.submit(1);
  it.bench.submit(2);
  it.bench.settle();
  REQUIRE(it.told->started.size() == 1);
  REQUIRE(it.told->finished.size() == 1);
  const batch_report& batch = it.told->finished[0];
  CHECK(batch.id == 1);
  CHECK(batch.size == 2);
  CHECK(batch.work == 2);
  CHECK(batch.reason == departure::lane_free);
  CHECK(batch.finished - batch.started == 4ms);
  CHECK(batch.times.model == 4ms);
  CHECK(batch.failure == nullptr);
  REQUIRE(it.told->requests.size() == 2);
  for (const request_report& request : it.told->requests) {
    CHECK(request.batch == 1);
    CHECK_FALSE(request.why);
    CHECK(request.times.model == 4ms);
    CHECK(request.ended - request.arrival == 4ms);
  }
}

TEST_CASE("a request's wait is split into the wait for a lane and the wait for company") {
  auto told = std::make_shared<diary>();
  int_bench bench({.max_batch_size = 8, .max_queue_delay = 5ms, .observer = told}, size_or_timeout{});
  bench.model.during([&] {
    manual_clock::advance(1ms);
    bench.submit(2);
    manual_clock::advance(2ms);
  });
  bench.submit(1);
  bench.advance(20ms);
  REQUIRE(told->requests.size() == 2);
  CHECK(told->requests[0].queue == 0ms);
  CHECK(told->requests[0].fill == 5ms);
  CHECK(told->requests[1].queue == 2ms);  // the first batch still ran
  CHECK(told->requests[1].fill == 3ms);
}

TEST_CASE(
    "a batch begins when its requests are there, also those of handlers that the lane calls before it") {
  const auto told = std::make_shared<diary>();
  gate first, last;
  {
    DynamicBatcher<int, int> batcher = pairs_behind(first, told);
    const auto on_lane = [](auto handler) { return asio::bind_executor(asio::system_executor(), handler); };
    batcher.async_submit(1, on_lane([&](boost::system::error_code, int) {
                           batcher.async_submit(
                               3, on_lane([&](boost::system::error_code, int) { last.open(); }));
                         }));
    first.await_arrivals(1);
    batcher.async_submit(2, asio::detached);
    first.open();
    last.pass();
  }
  REQUIRE(told->finished.size() == 2);
  REQUIRE(told->requests.size() == 3);
  for (const request_report& request : told->requests) {
    CHECK(request.arrival <= told->finished[request.batch - 1].started);
    CHECK(request.queue >= 0ms);
  }
}

TEST_CASE("a batch begins when its requests are there, also one that the observer submits before it") {
  struct guest final : diary {
    void on_batch_finished(const batch_report& batch) noexcept override {
      diary::on_batch_finished(batch);
      if (batch.id == 1) batcher->async_submit(3, asio::detached);
    }
    DynamicBatcher<int, int>* batcher = nullptr;
  };
  const auto told = std::make_shared<guest>();
  gate first;
  {
    DynamicBatcher<int, int> batcher = pairs_behind(first, told);
    told->batcher = &batcher;
    batcher.async_submit(1, asio::detached);
    first.await_arrivals(1);
    auto second = batcher.async_submit(2, asio::use_future);
    first.open();
    second.get();
  }
  REQUIRE(told->requests.size() == 3);
  for (const request_report& request : told->requests)
    CHECK(request.arrival <= told->finished[request.batch - 1].started);
}

TEST_CASE("the time in which a lane gets new functors belongs to no batch") {
  const auto told = std::make_shared<diary>();
  virtual_world world;
  virtual_batcher<int, int> batcher(world.callers, world.running_here({.observer = told}), recording_model{});
  batcher.async_reload(
      [](std::size_t) {
        manual_clock::advance(10s);
        return recording_model{};
      },
      asio::detached);
  batcher.async_submit(1, asio::detached);
  world.settle();
  REQUIRE(told->finished.size() == 1);
  CHECK(told->finished[0].finished == told->finished[0].started);
  CHECK(told->requests[0].queue + told->requests[0].fill == 10s);
}

TEST_CASE("every request is told of exactly once, however it ends") {
  auto told = std::make_shared<diary>();
  int_bench bench({.max_batch_size = 2, .max_queue_size = 3, .observer = told});
  asio::cancellation_signal signal;
  bench.while_running([&] {
    bench.submit(1, signal);
    bench.submit(2, {.deadline = 1ms});
    bench.submit(3);
    bench.submit(4);                     // the queue is full
    bench.submit(5, {.deadline = 0ms});  // too late
    signal.emit(asio::cancellation_type::terminal);
    manual_clock::advance(1ms);
  });
  bench.batcher.close();
  bench.submit(6);
  bench.settle();
  std::map<boost::system::error_code, int> by_error;
  std::vector<std::uint64_t> ids;
  for (const request_report& request : told->requests) {
    ++by_error[request.why];
    ids.push_back(request.id);
  }
  std::sort(ids.begin(), ids.end());
  CHECK(ids == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7});
  CHECK(by_error[{}] == 2);
  CHECK(by_error[error::queue_full] == 1);
  CHECK(by_error[error::expired] == 2);
  CHECK(by_error[asio::error::operation_aborted] == 1);
  CHECK(by_error[error::shut_down] == 1);
  CHECK(bench.batcher.stats().submitted == told->requests.size());
}

TEST_CASE("requests of a handler that are refused are told of, too") {
  observed it({.max_queue_size_per_key = 1});
  const auto submit_two = [&](boost::system::error_code, int) {
    it.bench.submit(2);
    it.bench.submit(3);
  };
  it.bench.batcher.async_submit(1, submit_two);
  it.bench.settle();
  CHECK(it.bench.batcher.stats().rejected == 1);
  REQUIRE(it.told->requests.size() == 3);
  const auto refused = [](const request_report& request) { return request.why == error::queue_full; };
  CHECK(std::count_if(it.told->requests.begin(), it.told->requests.end(), refused) == 1);
}

TEST_CASE("a failed batch is told with its exception, and its requests with their errors") {
  virtual_world world;
  auto told = std::make_shared<diary>();
  virtual_batcher<int, int> batcher{world.callers, world.running_here({.observer = told}),
                                    [](std::span<const int> inputs) -> ints {
                                      for (const int input : inputs)
                                        if (input == 2) throw std::runtime_error("two");
                                      return {inputs.begin(), inputs.end()};
                                    }};
  for (const int input : {1, 2}) batcher.async_submit(input, asio::detached);
  world.settle();
  REQUIRE(told->finished.size() == 1);
  CHECK_THROWS_WITH(std::rethrow_exception(told->finished[0].failure), "two");
  REQUIRE(told->requests.size() == 2);
  const auto failed = std::count_if(told->requests.begin(), told->requests.end(),
                                    [](const request_report& each) { return each.why.failed(); });
  CHECK(failed == 1);
}

TEST_CASE("B11: a lane that runs too long is told of, once") {
  observed it({.hung_after = 10ms});
  it.bench.model.during([&] {
    manual_clock::advance(9ms);
    virtual_world::run_ready(it.bench.callers);
    CHECK(it.told->hung.empty());
    CHECK(it.bench.batcher.stats().longest_running == 9ms);
    manual_clock::advance(11ms);
    virtual_world::run_ready(it.bench.callers);
    virtual_world::run_ready(it.bench.callers);
  });
  it.bench.submit(1);
  it.bench.settle();
  REQUIRE(it.told->hung.size() == 1);
  CHECK(it.told->hung[0].lane == 0);
  CHECK(it.told->hung[0].batch == 1);
  CHECK(it.told->hung[0].running >= 10ms);
}

TEST_CASE("requests that were submitted under an observer end as usual when there is none any more") {
  observed it;
  const std::weak_ptr<diary> told = it.told;
  std::vector<reply<int>> replies;
  it.bench.while_running([&] {
    for (int i = 1; i <= 3; ++i) replies.push_back(it.bench.submit(i, {.deadline = i == 3 ? 1ms : 1h}));
    it.bench.batcher.reconfigure(it.bench.running_here({}));
    manual_clock::advance(2ms);
  });
  CHECK(replies[0].succeeded_with(10));
  CHECK(replies[1].succeeded_with(20));
  CHECK(replies[2].failed_with(error::expired));
  CHECK(it.told->requests.empty());
  it.told.reset();
  CHECK(told.expired());
}
