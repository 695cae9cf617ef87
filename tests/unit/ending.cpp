// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The ways to end a batcher.

#include <support/doctest.hpp>
#include <support/int_bench.hpp>

#include <optional>

using namespace carpool;
using namespace carpool::test;

namespace {

struct ending {
  template <class Policy = eager>
  explicit ending(options given = {}, Policy policy = {}) : bench(std::move(given), policy) {}

  void shut_down(shutdown_mode how, time_limit within = no_deadline) {
    bench.batcher.async_shut_down(how, within, [this](boost::system::error_code why) { ended = why; });
  }

  int_bench bench;
  std::optional<boost::system::error_code> ended;
};

}  // namespace

TEST_CASE("a drain lets everything run as always") {
  ending it({.max_batch_size = 2});
  std::vector<reply<int>> replies;
  it.bench.while_running([&] {
    for (int i = 0; i < 3; ++i) replies.push_back(it.bench.submit(i));
    it.shut_down(shutdown_mode::drain);
    CHECK(it.bench.submit(9).calls() == 0);
  });
  it.bench.settle();
  CHECK(it.ended == boost::system::error_code());
  for (int i = 0; i < 3; ++i) CHECK(replies[static_cast<std::size_t>(i)].succeeded_with(10 * i));
}

TEST_CASE("a flush lets everything run, without waiting for company") {
  struct patient {
    void on_arrival(const scheduling::waiting_request&) {}
    void on_removed(std::size_t, time_point) {}
    void on_dispatch(std::size_t, std::span<const scheduling::waiting_request>, time_point) {}
    void on_done(std::size_t, time_point, bool) {}
    scheduling::action decide(time_point, const scheduling::queue_view&, std::size_t) {
      return scheduling::idle{};
    }
  };
  ending it({}, patient{});
  const auto r = it.bench.submit(1);
  it.bench.advance(1s);
  CHECK_FALSE(r.done());
  it.shut_down(shutdown_mode::flush);
  it.bench.settle();
  CHECK(r.succeeded_with(10));
  CHECK(it.ended == boost::system::error_code());
  CHECK(it.bench.batcher.stats().departed(departure::drain) == 1);
}

TEST_CASE("an abort tells everybody at once, also those whose batch is running") {
  ending it({.max_batch_size = 1});
  reply<int> running, waiting;
  it.bench.model.during([&] {
    waiting = it.bench.submit(2);
    it.shut_down(shutdown_mode::abort);
    virtual_world::run_ready(it.bench.callers);
    CHECK(running.failed_with(error::shut_down));
    CHECK(waiting.failed_with(error::shut_down));
  });
  running = it.bench.submit(1);
  it.bench.settle();
  CHECK(it.ended == boost::system::error_code());
  CHECK(it.bench.model.batches() == batches{{1}});
}

TEST_CASE("B11: a drain with a limit ends at the limit, even if the model hangs") {
  ending it({.max_batch_size = 1});
  reply<int> running, waiting;
  it.bench.model.during([&] {
    waiting = it.bench.submit(2);
    it.shut_down(shutdown_mode::drain, 20ms);
    manual_clock::advance(19ms);
    virtual_world::run_ready(it.bench.callers);
    CHECK_FALSE(it.ended);
    manual_clock::advance(1ms);
    virtual_world::run_ready(it.bench.callers);
    CHECK(it.ended == error::expired);
    CHECK(running.failed_with(error::shut_down));
    CHECK(waiting.failed_with(error::shut_down));
  });
  running = it.bench.submit(1);
  it.bench.settle();
  CHECK(adds_up(it.bench.batcher.stats()));
  CHECK(it.bench.idle());
}

TEST_CASE("a limit that is not needed costs nothing") {
  ending it;
  const auto r = it.bench.submit(1);
  it.shut_down(shutdown_mode::drain, 1s);
  it.bench.settle();
  CHECK(r.succeeded_with(10));
  CHECK(it.ended == boost::system::error_code());
  CHECK(it.bench.idle());
}

TEST_CASE("a stricter way may follow") {
  ending it({.max_batch_size = 1});
  reply<int> waiting;
  it.bench.while_running([&] {
    waiting = it.bench.submit(2);
    it.shut_down(shutdown_mode::drain);
    it.shut_down(shutdown_mode::abort);
  });
  it.bench.settle();
  CHECK(waiting.failed_with(error::shut_down));
  CHECK(it.ended == boost::system::error_code());
}

TEST_CASE("the end at the limit comes after the requests of a batch that was about to run") {
  ending it;
  const auto r = it.bench.submit(1);  // wakes a lane
  bool told_first = false;
  it.bench.batcher.async_shut_down(shutdown_mode::drain, 1ms, [&](boost::system::error_code why) {
    it.ended = why;
    told_first = r.done();
  });
  manual_clock::advance(1ms);
  virtual_world::run_ready(it.bench.lanes);  // before the timer is heard of
  it.bench.settle();
  CHECK(it.ended == error::expired);
  CHECK(told_first);
  CHECK(r.failed_with(error::shut_down));
}
