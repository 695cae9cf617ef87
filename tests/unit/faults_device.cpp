// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A device that is lost, and what becomes of its batch and its lanes.

#include <carpool/single_flight.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <support/doctest.hpp>
#include <support/int_bench.hpp>

#include <cstddef>
#include <functional>
#include <future>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace carpool;
using namespace carpool::test;

namespace {

/// A batcher of lanes on devices, some of which are dead; the others return their inputs.
template <class In = int>
struct device_bench : virtual_world {
  struct run {
    std::size_t lane;
    std::vector<In> inputs;
    bool operator==(const run&) const = default;
  };

  explicit device_bench(options given, std::set<std::size_t> dead_ = {}) : dead(std::move(dead_)) {
    const std::size_t devices = given.devices;
    batcher.emplace(
        callers, running_here(std::move(given)),
        [this, devices](std::size_t lane) { return functors(lane, devices); }, eager{});
  }

  auto functors(std::size_t lane, std::size_t devices) {
    return [this, lane, device = lane % devices](std::span<const In> inputs) {
      runs.push_back({lane, {inputs.begin(), inputs.end()}});
      if (meanwhile) std::exchange(meanwhile, {})();
      if (dead.contains(device)) throw device_lost("simulated");
      return std::vector<In>(inputs.begin(), inputs.end());
    };
  }

  reply<In> submit(In input, submit_options asked = {}) {
    reply<In> result;
    batcher->async_submit(std::move(input), asked, result.handler());
    return result;
  }

  std::set<std::size_t> dead;
  std::function<void()> meanwhile;  // in the middle of the next run
  std::vector<run> runs;
  std::optional<virtual_batcher<In, In>> batcher;
};

}  // namespace

TEST_CASE("B37: the batch of a lost device runs on another one, in order and before those who came later") {
  device_bench<> bench({.max_batch_size = 2, .lanes = 2, .devices = 2}, {0});
  std::vector<reply<int>> replies;
  for (int i = 0; i < 5; ++i) replies.push_back(bench.submit(i));
  bench.settle();
  for (int i = 0; i < 5; ++i) CHECK(replies[static_cast<std::size_t>(i)].succeeded_with(i));
  CHECK(bench.runs == std::vector<device_bench<>::run>{{0, {0, 1}}, {1, {0, 1}}, {1, {2, 3}}, {1, {4}}});
  const stats s = bench.batcher->stats();
  CHECK(s.lanes == 2);
  CHECK(s.lost_lanes == 1);
  CHECK(s.failed == 0);
  CHECK(adds_up(s));
  CHECK(bench.idle());
}

TEST_CASE("B37: the lanes of a device are lost together") {
  device_bench<> bench({.max_batch_size = 1, .lanes = 4, .devices = 2}, {0});
  for (int i = 0; i < 10; ++i) bench.submit(i);
  bench.settle();
  CHECK(bench.batcher->stats().lost_lanes == 2);
  CHECK(bench.batcher->stats().succeeded == 10);
  for (std::size_t i = 1; i < bench.runs.size(); ++i) CHECK(bench.runs[i].lane % 2 == 1);
}

TEST_CASE("B37: a request that has lost two devices fails, and does not break a third") {
  device_bench<> bench({.lanes = 3, .devices = 3}, {0, 1});
  const auto guilty = bench.submit(1);
  bench.settle();
  CHECK(guilty.failed_with(error::device_lost));
  const auto next = bench.submit(2);
  bench.settle();
  CHECK(next.succeeded_with(2));
  CHECK(bench.runs.size() == 3);
  CHECK(bench.batcher->stats().lost_lanes == 2);
}

TEST_CASE("B37: when the last device is lost everybody fails at once, and a drain ends") {
  device_bench<> bench({.max_batch_size = 1}, {0});
  const auto first = bench.submit(1);
  const auto second = bench.submit(2);
  bench.settle();
  CHECK(first.failed_with(error::device_lost));
  CHECK(second.failed_with(error::device_lost));
  CHECK(bench.runs.size() == 1);
  const auto third = bench.submit(3);
  reply<ints> many;
  bench.batcher->async_submit_many({4, 5}, many.handler());
  bench.settle();
  CHECK(third.failed_with(error::device_lost));
  CHECK(many.failed_with(error::device_lost));
  CHECK(bench.batcher->stats().failed == 5);
  bool drained = false;
  bench.batcher->async_drain([&](boost::system::error_code why) { drained = !why; });
  bench.settle();
  CHECK(drained);
  const auto late = bench.submit(6);
  bench.settle();
  CHECK(late.failed_with(error::shut_down));
  CHECK(bench.idle());
}

TEST_CASE("B37: a drain waits for requests that are run again") {
  device_bench<> bench({.lanes = 2, .devices = 2}, {0});
  bool drained = false;
  bench.meanwhile = [&] {
    bench.batcher->async_drain([&](boost::system::error_code why) { drained = !why; });
  };
  const auto saved = bench.submit(1);
  bench.settle();
  CHECK(saved.succeeded_with(1));
  CHECK(drained);
}

TEST_CASE("B37: once the batcher is closed nobody is run again") {
  device_bench<> bench({.lanes = 2, .devices = 2}, {0});
  bench.meanwhile = [&] { bench.batcher->close(); };
  const auto lost = bench.submit(1);
  bench.settle();
  CHECK(lost.failed_with(error::device_lost));
  CHECK(bench.runs.size() == 1);
}

TEST_CASE("B37: inputs of any type are given back to who runs them again") {
  device_bench<std::string> bench({.lanes = 2, .devices = 2}, {0});
  const std::string text(100, 'x');
  const auto first = bench.submit(text);
  const auto second = bench.submit("y");
  bench.settle();
  CHECK(first.succeeded_with(text));
  CHECK(second.succeeded_with("y"));
}

TEST_CASE("B37: inputs that functors may have moved from are not run again") {
  virtual_world world;
  std::size_t runs = 0;
  virtual_batcher<std::string, int> batcher{world.callers, world.running_here({.lanes = 2, .devices = 2}),
                                            [&](std::size_t lane) {
                                              return [&, lane](std::span<std::string> texts) {
                                                ++runs;
                                                if (lane == 0) throw device_lost();
                                                return std::vector<int>(texts.size(), 1);
                                              };
                                            },
                                            eager{}};
  reply<int> lost, next;
  batcher.async_submit("a", lost.handler());
  world.settle();
  CHECK(lost.failed_with(error::device_lost));
  batcher.async_submit("b", next.handler());
  world.settle();
  CHECK(next.succeeded_with(1));
  CHECK(runs == 2);
}

TEST_CASE("B37: who leaves while the device is lost is told once and not run again") {
  device_bench<> bench({.lanes = 2, .devices = 2}, {0});
  asio::cancellation_signal signal;
  bench.meanwhile = [&] { signal.emit(asio::cancellation_type::terminal); };
  reply<int> leaver;
  bench.batcher->async_submit(1, asio::bind_cancellation_slot(signal.slot(), leaver.handler()));
  const auto mate = bench.submit(2);
  bench.settle();
  CHECK(leaver.failed_with(asio::error::operation_aborted));
  CHECK(mate.succeeded_with(2));
  CHECK(bench.runs == std::vector<device_bench<>::run>{{0, {1, 2}}, {1, {2}}});
}

TEST_CASE("B37: a deadline that passes while the device is lost is kept") {
  device_bench<> bench({.lanes = 2, .devices = 2}, {0});
  bench.meanwhile = [&] { manual_clock::advance(10ms); };
  const auto late = bench.submit(1, {.deadline = 5ms});
  bench.settle();
  CHECK(late.failed_with(error::expired));
  CHECK(bench.runs.size() == 1);
}

TEST_CASE("B37: those who share a run share its second one, also who came while the first was lost") {
  virtual_world world;
  std::vector<std::size_t> lanes;
  std::function<void()> meanwhile;
  const auto factory = [&](std::size_t lane) {
    return [&, lane](std::span<const int> inputs) {
      lanes.push_back(lane);
      if (meanwhile) std::exchange(meanwhile, {})();
      if (lane == 0) throw device_lost();
      return ints(inputs.begin(), inputs.end());
    };
  };
  virtual_batcher<int, int> batcher{world.callers, world.running_here({.lanes = 2, .devices = 2}),
                                    single_flight{factory}, eager{}};
  std::vector<reply<int>> replies(3);
  meanwhile = [&] { batcher.async_submit(7, replies[2].handler()); };
  batcher.async_submit(7, replies[0].handler());
  batcher.async_submit(7, replies[1].handler());
  world.settle();
  for (const auto& each : replies) CHECK(each.succeeded_with(7));
  CHECK(lanes == std::vector<std::size_t>{0, 1});
  CHECK(batcher.stats().shared == 2);
}

TEST_CASE("B37: a device that is lost while a failed batch is searched costs only the guilty anything") {
  virtual_world world;
  int runs = 0;
  virtual_batcher<int, int> batcher{world.callers, world.running_here({.lanes = 2, .devices = 2}),
                                    [&](std::size_t lane) {
                                      return [&, lane](std::span<const int> inputs) {
                                        if (lane == 0 && ++runs == 3) throw device_lost();
                                        for (const int input : inputs)
                                          if (input == 5) throw std::runtime_error("five");
                                        return ints(inputs.begin(), inputs.end());
                                      };
                                    },
                                    eager{}};
  std::vector<reply<int>> replies(8);
  for (int i = 0; i < 8; ++i) batcher.async_submit(i, replies[static_cast<std::size_t>(i)].handler());
  world.settle();
  for (int i = 0; i < 8; ++i)
    CHECK((i == 5 ? replies[5].failed_with(error::model_failed)
                  : replies[static_cast<std::size_t>(i)].succeeded_with(i)));
}

TEST_CASE("B37: new functors bring lost lanes back") {
  device_bench<> bench({.max_batch_size = 1, .lanes = 2}, {0});
  bench.submit(1);
  bench.settle();
  CHECK(bench.batcher->stats().lost_lanes == 2);
  bench.dead.clear();
  bool reloaded = false;
  bench.batcher->async_reload([&](std::size_t lane) { return bench.functors(lane, 1); },
                              [&](boost::system::error_code why) { reloaded = !why; });
  bench.settle();
  CHECK(reloaded);
  CHECK(bench.batcher->stats().lost_lanes == 0);
  const auto next = bench.submit(2);
  bench.settle();
  CHECK(next.succeeded_with(2));
}

TEST_CASE("B37: when only lost lanes are wanted nobody waits for them") {
  device_bench<> bench({.lanes = 2, .devices = 2}, {0});
  bench.submit(1);
  bench.settle();
  bench.batcher->reconfigure(bench.running_here({.lanes = 1, .devices = 2}));
  const auto refused = bench.submit(2);
  bench.settle();
  CHECK(refused.failed_with(error::device_lost));
  bench.batcher->reconfigure(bench.running_here({.lanes = 2, .devices = 2}));
  const auto next = bench.submit(3);
  bench.settle();
  CHECK(next.succeeded_with(3));
}

TEST_CASE("B37: with threads of their own, too, lanes are lost and the others go on") {
  DynamicBatcher<int, int> batcher{{.max_batch_size = 4, .lanes = 4, .devices = 2}, [](std::size_t lane) {
                                     return [lane](std::span<const int> inputs) {
                                       if (lane % 2 == 0) throw device_lost();
                                       return ints(inputs.begin(), inputs.end());
                                     };
                                   }};
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 200; ++i) answers.push_back(batcher.async_submit(i, asio::use_future));
  for (int i = 0; i < 200; ++i) CHECK(answers[static_cast<std::size_t>(i)].get() == i);
}
