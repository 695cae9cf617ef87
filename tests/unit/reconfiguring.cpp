// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What can change while a batcher is at work.

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>

#include <support/counting_executor.hpp>
#include <support/doctest.hpp>
#include <support/gate.hpp>
#include <support/int_bench.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

using namespace carpool;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

/// A lane factory: functors of lane i, of this version, return 100 * version + i.
auto version(int number) {
  return [number](std::size_t lane) {
    return [answer = 100 * number + static_cast<int>(lane)](std::span<const int> inputs) {
      return ints(inputs.size(), answer);
    };
  };
}

}  // namespace

TEST_CASE("bounds may change while requests wait: nobody is lost, and order is kept") {
  int_bench bench({.max_batch_size = 1});
  std::vector<reply<int>> replies;
  bench.while_running([&] {
    for (int i = 0; i < 5; ++i) replies.push_back(bench.submit(i));
    bench.batcher.reconfigure(bench.running_here({.max_batch_size = 2, .max_queue_size = 3}));
    CHECK(bench.submit(9).calls() == 0);
    virtual_world::run_ready(bench.callers);
    CHECK(bench.batcher.stats().rejected == 1);
  });
  bench.settle();
  CHECK(bench.model.batches() == batches{{-1}, {0, 1}, {2, 3}, {4}});
  for (const auto& each : replies) CHECK_FALSE(each.error());
}

TEST_CASE("a new default deadline holds for requests from then on") {
  int_bench bench;
  reply<int> before, after;
  bench.while_running([&] {
    before = bench.submit(1);
    bench.batcher.reconfigure(bench.running_here({.default_deadline = 1ms}));
    after = bench.submit(2);
    manual_clock::advance(1ms);
  });
  CHECK(before.succeeded_with(10));
  CHECK(after.failed_with(error::expired));
}

TEST_CASE("another policy decides about who is here already") {
  int_bench bench({.max_batch_size = 4}, size_or_timeout{4, 1s});
  const auto r = bench.submit(1);
  bench.settle();
  CHECK_FALSE(r.done());
  bench.batcher.set_policy(eager{});
  bench.settle();
  CHECK(r.succeeded_with(10));
}

TEST_CASE("what cannot change is refused, and nothing has changed then") {
  int_bench bench;
  CHECK_THROWS_WITH_AS(bench.batcher.reconfigure({}),
                       "carpool::options::model_executor cannot change while the batcher lives",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      bench.batcher.reconfigure(bench.running_here({.lanes = 5})),
      "carpool::options::lanes cannot grow beyond 1: the functors were given to the lanes there are; "
      "give a lane factory",
      std::invalid_argument);
  CHECK_THROWS_AS(bench.batcher.reconfigure(bench.running_here({.max_batch_size = 0})),
                  std::invalid_argument);
  CHECK(bench.batcher.stats().lanes == 1);
}

TEST_CASE("lanes may be added and taken away under way") {
  DynamicBatcher<int, int> batcher{{.max_batch_size = 1}, version(0)};
  batcher.reconfigure({.max_batch_size = 1, .lanes = 3});
  CHECK(batcher.stats().lanes == 3);
  CHECK(batcher.async_submit(1, asio::use_future).get() < 3);
  batcher.reconfigure({.max_batch_size = 1, .lanes = 1});
  for (int i = 0; i < 10; ++i) CHECK(batcher.async_submit(1, asio::use_future).get() == 0);
  batcher.reconfigure({.max_batch_size = 1, .lanes = 2});
  CHECK(batcher.stats().lanes == 2);
}

TEST_CASE("a reload that comes while lanes are added reaches these, too") {
  struct opens_when_moved {
    explicit opens_when_moved(gate& given) : way(given) {}
    opens_when_moved(const opens_when_moved&) = default;
    opens_when_moved(opens_when_moved&& from) noexcept : way(from.way) { way.open(); }
    ints operator()(std::span<const int> inputs) const { return ints(inputs.size(), 7); }
    gate& way;
  };
  gate second_lane;
  DynamicBatcher<int, int> batcher{{}, [&](std::size_t lane) {
                                     if (lane == 1) second_lane.pass();
                                     return version(0)(lane);
                                   }};
  std::thread grows([&] { batcher.reconfigure({.lanes = 3}); });
  second_lane.await_arrivals(1);
  batcher.async_reload(opens_when_moved(second_lane), asio::use_future).get();
  grows.join();
  CHECK(batcher.async_submit_many({1, 2, 3}, asio::use_future).get() == ints{7, 7, 7});
}

TEST_CASE("a handler may change the options when it is destroyed because its reload is refused") {
  const auto lane = [](std::span<const int> inputs) { return ints(inputs.begin(), inputs.end()); };
  DynamicBatcher<int, int> batcher{{.lanes = 2}, [&](std::size_t) { return lane; }};
  std::shared_ptr<void> farewell(nullptr, [&](void*) { batcher.reconfigure({.lanes = 3}); });
  auto cannot_be_copied = [lane, own = std::make_unique<int>()](std::span<const int> inputs) {
    return lane(inputs);
  };
  CHECK_THROWS_AS(batcher.async_reload(std::move(cannot_be_copied),
                                       [farewell = std::move(farewell)](boost::system::error_code) {}),
                  std::invalid_argument);
  CHECK(batcher.stats().lanes == 3);
}

TEST_CASE("a lane that cannot be made leaves everything as it was") {
  const auto factory = [](std::size_t lane) {
    if (lane == 2) throw std::runtime_error("no such device");
    return [](std::span<const int> inputs) { return ints(inputs.begin(), inputs.end()); };
  };
  DynamicBatcher<int, int> batcher{{}, factory};
  CHECK_THROWS_WITH(batcher.reconfigure({.lanes = 3}), "no such device");
  CHECK(batcher.stats().lanes == 1);
  CHECK(batcher.async_submit(7, asio::use_future).get() == 7);
}

TEST_CASE("B27: a lane that is being made is not woken for want of memory, as it may never be there") {
  asio::io_context io;
  counting_executor scarce(io);
  asio::cancellation_signal signal;
  gate model;
  const auto factory = [&](std::size_t lane) {
    if (lane == 1) {
      scarce.starve(1);
      signal.emit(asio::cancellation_type::terminal);
      throw std::runtime_error("no such device");
    }
    return [&](std::span<const int> inputs) {
      if (inputs[0] == 1) model.pass();
      return ints(inputs.begin(), inputs.end());
    };
  };
  DynamicBatcher<int, int> batcher{{.max_batch_size = 1}, factory};
  auto first = batcher.async_submit(1, asio::use_future);
  model.await_arrivals(1);
  reply<int> left;
  batcher.async_submit(
      2, asio::bind_executor(scarce, asio::bind_cancellation_slot(signal.slot(), left.handler())));
  CHECK_THROWS_WITH(batcher.reconfigure({.max_batch_size = 1, .lanes = 2}), "no such device");
  model.open();
  CHECK(first.get() == 1);
  CHECK(batcher.async_submit(3, asio::use_future).wait_for(10s) == std::future_status::ready);
  io.run();
  CHECK(left.failed_with(asio::error::operation_aborted));
}

TEST_CASE("lanes get other functors between two batches, in order and without a loss") {
  virtual_world world;
  std::vector<int> versions;
  const auto model = [&](int number) {
    return [&versions, number](std::span<const int> inputs) {
      versions.push_back(number);
      return ints(inputs.begin(), inputs.end());
    };
  };
  virtual_batcher<int, int> batcher{world.callers, world.running_here({.max_batch_size = 1}), model(1)};
  std::optional<boost::system::error_code> reloaded;
  std::vector<reply<int>> replies(4);
  for (int i = 0; i < 2; ++i) batcher.async_submit(i, replies[static_cast<std::size_t>(i)].handler());
  world.lanes.restart();
  world.lanes.run_one();  // the first batch
  batcher.async_reload(model(2), [&](boost::system::error_code why) { reloaded = why; });
  for (int i = 2; i < 4; ++i) batcher.async_submit(i, replies[static_cast<std::size_t>(i)].handler());
  world.settle();
  CHECK(reloaded == boost::system::error_code());
  for (int i = 0; i < 4; ++i) CHECK(replies[static_cast<std::size_t>(i)].succeeded_with(i));
  CHECK(versions.front() == 1);
  CHECK(versions.back() == 2);
  CHECK(std::is_sorted(versions.begin(), versions.end()));
  CHECK(world.idle());
}

TEST_CASE("a reload reaches lanes that are idle, on their own threads") {
  DynamicBatcher<int, int> batcher{{.lanes = 3}, version(1)};
  batcher.async_reload(version(2), asio::use_future).get();
  for (int i = 0; i < 10; ++i) CHECK(batcher.async_submit(1, asio::use_future).get() >= 200);
}

TEST_CASE("a model that cannot be loaded leaves the lane with the old one, and the caller is told") {
  std::atomic<int> told = 0;
  DynamicBatcher<int, int> batcher{{.on_batch_error = [&](std::exception_ptr) { ++told; }}, version(1)};
  const auto broken = [](std::size_t) -> decltype(version(2)(0)) {
    throw std::runtime_error("damaged file");
  };
  CHECK_THROWS_AS(batcher.async_reload(broken, asio::use_future).get(), boost::system::system_error);
  CHECK(told == 1);
  CHECK(batcher.async_submit(1, asio::use_future).get() == 100);
}

TEST_CASE("a batcher that ends tells who waits for a reload") {
  virtual_world world;
  std::optional<boost::system::error_code> reloaded;
  bool ended = false;
  {
    virtual_batcher<int, int> batcher{world.callers, world.running_here(), version(1)};
    const auto late = [&](std::size_t lane) {
      CHECK_FALSE(ended);  // nothing of the user's runs after the end
      return version(2)(lane);
    };
    batcher.async_reload(late, [&](boost::system::error_code why) { reloaded = why; });
  }
  ended = true;
  world.settle();
  CHECK(reloaded == error::shut_down);
}

TEST_CASE("a batcher that ends while it is reloaded leaves its executor, before that of the model has run") {
  asio::io_context lanes;
  asio::io_context home;
  std::optional<boost::system::error_code> reloaded;
  {
    DynamicBatcher<int, int> batcher{home, {.model_executor = lanes.get_executor()}, version(1)};
    batcher.async_reload(version(2), [&](boost::system::error_code why) { reloaded = why; });
  }
  home.poll();
  CHECK(reloaded == error::shut_down);
  CHECK(home.stopped());
}

TEST_CASE("what a change replaces may call the batcher when it is destroyed") {
  std::unique_ptr<DynamicBatcher<int, int>> batcher;
  int ended = 0;
  struct talkative final : observer {
    explicit talkative(std::shared_ptr<void> held) : words(std::move(held)) {}
    std::shared_ptr<void> words;
  };
  const auto make = [&](const options& given, const std::shared_ptr<void>& held = nullptr) {
    batcher = std::make_unique<DynamicBatcher<int, int>>(
        given, [held, functors = version(1)](std::size_t lane) { return functors(lane); });
  };
  const auto words = [&] {
    return std::shared_ptr<void>(nullptr, [&](void*) { ended += batcher->stats().lanes == 1; });
  };
  SUBCASE("an observer") {
    make({.observer = std::make_shared<talkative>(words())});
    batcher->reconfigure({});
  }
  SUBCASE("a hook") {
    make({.on_batch_error = [held = words()](std::exception_ptr) {}});
    batcher->reconfigure({});
  }
  SUBCASE("a lane factory") {
    make({}, words());
    batcher->async_reload(version(2), asio::use_future).get();
  }
  CHECK(ended == 1);
}

TEST_CASE("an observer that is told in the middle of a change may call the batcher") {
  struct meddler final : observer {
    void on_request_ended(const request_report&) noexcept override {
      if (calls++ == 0) batcher->reconfigure(*given);
    }
    virtual_batcher<int, int>* batcher = nullptr;
    const options* given = nullptr;
    int calls = 0;
  };
  const auto told = std::make_shared<meddler>();
  int_bench bench({.observer = told});
  const options given = bench.running_here({.observer = told});
  told->batcher = &bench.batcher;
  told->given = &given;
  bench.while_running([&] {
    bench.submit(1, {.deadline = 1ms});
    manual_clock::advance(1ms);
    bench.batcher.reconfigure(given);  // finds that the request is late
    CHECK(told->calls == 1);
  });
  CHECK(told->calls == 2);
}
