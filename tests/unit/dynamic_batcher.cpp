// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/carpool.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <support/doctest.hpp>
#include <support/eventual.hpp>
#include <support/gate.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::use_future;
using carpool::DynamicBatcher;
using carpool::error;
using carpool::test::eventual;
using ints = std::vector<int>;

namespace {

ints doubled(std::span<int> inputs) {
  ints results;
  for (const int x : inputs) results.push_back(2 * x);
  return results;
}

/// The three steps, for a batch that is a string and a result that is another.
const auto join = [](std::span<std::string> inputs) {
  std::string all;
  for (const auto& input : inputs) all += input + ' ';
  return all;
};
const auto shout = [](std::string all) {
  std::transform(all.begin(), all.end(), all.begin(),
                 [](char c) { return static_cast<char>(std::toupper(c)); });
  return all;
};
const auto words = [](const std::string& all, std::size_t) {
  std::istringstream in(all);
  return std::vector<std::string>(std::istream_iterator<std::string>(in), {});
};

template <class Action>
std::string refusal_of(Action action) {
  try {
    action();
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("without any knowledge of Asio: one callable, use_future, threads of its own") {
  DynamicBatcher<int, int> doubler{{.max_batch_size = 64}, [](std::span<int> xs) { return doubled(xs); }};
  CHECK(doubler.async_submit(21, use_future).get() == 42);
  CHECK(doubler.async_submit_many({1, 2, 3}, use_future).get() == ints{2, 4, 6});
}

TEST_CASE("the single callable may be a function or a pointer to one") {
  DynamicBatcher<int, int> by_function{{}, doubled};
  CHECK(by_function.async_submit(1, use_future).get() == 2);
  DynamicBatcher<int, int> by_pointer{{}, &doubled};
  CHECK(by_pointer.async_submit(2, use_future).get() == 4);
}

TEST_CASE("a functor set collates, runs and splits") {
  DynamicBatcher<std::string, std::string> batcher{{}, carpool::functor_set{join, shout, words}};
  CHECK(batcher.async_submit("share", use_future).get() == "SHARE");
  CHECK(batcher.async_submit_many({"the", "ride"}, use_future).get() ==
        std::vector<std::string>{"THE", "RIDE"});
}

TEST_CASE("split may be left out when the model returns one element per item") {
  DynamicBatcher<int, int> batcher{{}, carpool::functor_set{doubled, [](ints xs) { return xs; }}};
  CHECK(batcher.async_submit(3, use_future).get() == 6);
}

TEST_CASE("a class with members collate, model and split is a functor set") {
  struct by_members {
    int factor = 3;
    ints collate(std::span<int> inputs) { return {inputs.begin(), inputs.end()}; }
    ints model(ints xs) const {
      for (int& x : xs) x *= factor;
      return xs;
    }
    const ints& split(const ints& xs, std::size_t) { return kept = xs; }
    ints kept;
  };
  DynamicBatcher<int, int> batcher{{}, by_members{}};
  CHECK(batcher.async_submit(5, use_future).get() == 15);
}

TEST_CASE("inside a service: an executor first, completions on its context") {
  asio::io_context io;
  DynamicBatcher<int, int> batcher{io.get_executor(), {.max_batch_size = 32, .lanes = 2}, doubled};
  CHECK(batcher.get_executor() == io.get_executor());
  int result = 0;
  std::thread::id ran_on;
  batcher.async_submit(4, [&](boost::system::error_code why, int value) {
    CHECK(!why);
    result = value;
    ran_on = std::this_thread::get_id();
  });
  io.run();  // returns: nothing is pending any more
  CHECK(result == 8);
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("the executor may be a context, a strand or a thread pool's") {
  asio::io_context io;
  DynamicBatcher<int, int> on_context{io, {}, doubled};
  DynamicBatcher<int, int> on_strand{asio::make_strand(io), {}, doubled, carpool::eager{}};
  asio::thread_pool pool(1);
  DynamicBatcher<int, int> on_pool{pool, {}, doubled};
  int sum = 0;
  const auto add = [&](boost::system::error_code, int value) { sum += value; };
  on_context.async_submit(1, add);
  on_strand.async_submit(2, add);
  io.run();
  CHECK(sum == 6);
  CHECK(on_pool.async_submit(3, use_future).get() == 6);
}

TEST_CASE("no thread at all: batches run on an executor of the caller's, the own io_context included") {
  asio::io_context io;
  std::set<std::thread::id> threads;
  DynamicBatcher<int, int> batcher{io,
                                   {.model_executor = io.get_executor()},
                                   [&](std::span<int> xs) {
                                     threads.insert(std::this_thread::get_id());
                                     return doubled(xs);
                                   },
                                   carpool::eager{}};
  ints results;
  for (int i = 0; i < 3; ++i)
    batcher.async_submit(i, [&](boost::system::error_code, int value) { results.push_back(value); });
  CHECK(results.empty());
  io.run();
  CHECK(results == ints{0, 2, 4});
  CHECK(threads == std::set<std::thread::id>{std::this_thread::get_id()});
  CHECK(batcher.stats().batches == 1);
}

TEST_CASE(
    "a lane factory is called once per lane, in order, on the lane's own thread, where functors also end") {
  struct recorder {
    explicit recorder(std::vector<std::string>& log_) : log(&log_) {}
    recorder(recorder&& other) noexcept : log(std::exchange(other.log, nullptr)), made_on(other.made_on) {}
    ~recorder() {
      if (log != nullptr) log->push_back(made_on == std::this_thread::get_id() ? "at home" : "elsewhere");
    }
    ints operator()(std::span<int> xs) { return doubled(xs); }
    std::vector<std::string>* log;
    std::thread::id made_on = std::this_thread::get_id();
  };
  std::vector<std::string> ends[2];
  std::vector<std::size_t> asked;
  std::vector<std::thread::id> threads;
  {
    DynamicBatcher<int, int> batcher{{.lanes = 2}, [&](std::size_t lane) {
                                       asked.push_back(lane);
                                       threads.push_back(std::this_thread::get_id());
                                       return recorder(ends[lane]);
                                     }};
    CHECK(batcher.async_submit(1, use_future).get() == 2);
  }
  CHECK(asked == std::vector<std::size_t>{0, 1});
  CHECK(threads[0] != threads[1]);
  CHECK(threads[0] != std::this_thread::get_id());
  for (const auto& end : ends) CHECK(end == std::vector<std::string>{"at home"});
}

TEST_CASE(
    "a lane factory may make functor sets, and is called by the constructor when there are no threads") {
  asio::io_context io;
  std::vector<std::thread::id> threads;
  DynamicBatcher<std::string, std::string> batcher{
      io, {.lanes = 3, .model_executor = io.get_executor()}, [&](std::size_t) {
        threads.push_back(std::this_thread::get_id());
        return carpool::functor_set{join, shout, words};
      }};
  CHECK(threads == std::vector<std::thread::id>(3, std::this_thread::get_id()));
  std::string result;
  batcher.async_submit("x", [&](boost::system::error_code, std::string value) { result = std::move(value); });
  io.run();
  CHECK(result == "X");
}

TEST_CASE("what a lane factory throws comes out of the constructor, and no thread is left behind") {
  struct broken : std::runtime_error {
    using runtime_error::runtime_error;
  };
  const auto factory = [](std::size_t lane) {
    if (lane == 2) throw broken("no third device");
    return &doubled;
  };
  CHECK_THROWS_AS((DynamicBatcher<int, int>{{.lanes = 4}, factory}), broken);
  asio::io_context io;
  CHECK_THROWS_AS((DynamicBatcher<int, int>{io, {.lanes = 3, .model_executor = io.get_executor()}, factory}),
                  broken);
  io.run();  // returns
}

TEST_CASE("functors are copied once per further lane and need not be copyable for a single one") {
  struct counted {
    explicit counted(std::atomic<int>& copies_) : copies(&copies_) {}
    counted(const counted& other) : copies(other.copies) { ++*copies; }
    counted(counted&&) noexcept = default;
    ints operator()(std::span<int> xs) { return doubled(xs); }
    std::atomic<int>* copies;
  };
  std::atomic<int> copies = 0;
  DynamicBatcher<int, int> three{{.lanes = 3}, counted(copies)};
  CHECK(copies == 2);

  const auto move_only = [](auto owned) {
    return [owned = std::move(owned)](std::span<int> xs) { return doubled(xs); };
  };
  DynamicBatcher<int, int> one{{}, move_only(std::make_unique<int>(1))};
  CHECK(one.async_submit(4, use_future).get() == 8);
  CHECK(refusal_of([&] {
          DynamicBatcher<int, int>{{.lanes = 2}, move_only(std::make_unique<int>(1))};
        }).find("carpool::options::lanes is 2, but the functors cannot be copied; it must be 1") == 0);
}

TEST_CASE("B3: options out of range are refused by every constructor") {
  asio::io_context io;
  CHECK(refusal_of([] {
          DynamicBatcher<int, int>{{.max_batch_size = 0}, doubled};
        }) == "carpool::options::max_batch_size is 0; it must be at least 1");
  CHECK(refusal_of([&] {
          DynamicBatcher<int, int>{io, {.lanes = 0}, doubled, carpool::eager{}};
        }) == "carpool::options::lanes is 0; it must be at least 1");
}

TEST_CASE("the textbook batcher: a policy object with its size and delay comes last") {
  asio::io_context io;
  DynamicBatcher<int, int> batcher{io, {}, doubled, carpool::size_or_timeout{8, 1h}};
  int calls = 0;
  for (int i = 0; i < 8; ++i) batcher.async_submit(i, [&](boost::system::error_code, int) { ++calls; });
  io.run();  // would not return within the hour if the timer stayed armed
  CHECK(calls == 8);
  CHECK(batcher.stats().departed(carpool::departure::full) == 1);
}

TEST_CASE("B1: the real timer lets a batch go that never fills") {
  asio::io_context io;
  DynamicBatcher<int, int> batcher{io, {.max_queue_delay = 1ms}, doubled, carpool::size_or_timeout{}};
  int result = 0;
  batcher.async_submit(4, [&](boost::system::error_code, int value) { result = value; });
  io.run();
  CHECK(result == 8);
  CHECK(batcher.stats().departed(carpool::departure::timeout) == 1);
}

namespace {

/// Takes the newest first, in pairs.
class newest_pairs {
 public:
  void on_arrival(const carpool::scheduling::waiting_request&) {}
  void on_removed(std::size_t, carpool::time_point) {}
  void on_dispatch(std::size_t, std::span<const carpool::scheduling::waiting_request>, carpool::time_point) {}
  void on_done(std::size_t, carpool::time_point, bool) {}
  carpool::scheduling::action decide(carpool::time_point, const carpool::scheduling::queue_view& queue,
                                     std::size_t) {
    using namespace carpool::scheduling;
    if (queue.size() < 2) return idle{};
    return dispatch{positions::run(queue.size() - 2, 2), carpool::departure::full};
  }
};

}  // namespace

TEST_CASE("a policy of one's own decides who leaves together") {
  asio::io_context io;
  std::vector<ints> seen;
  DynamicBatcher<int, int> batcher{io,
                                   {.model_executor = io.get_executor()},
                                   [&](std::span<int> xs) {
                                     seen.emplace_back(xs.begin(), xs.end());
                                     return doubled(xs);
                                   },
                                   newest_pairs{}};
  int calls = 0;
  for (int i = 0; i < 4; ++i) batcher.async_submit(i, [&](boost::system::error_code, int) { ++calls; });
  io.run();
  CHECK(seen == std::vector<ints>{{2, 3}, {0, 1}});
  CHECK(calls == 4);
}

TEST_CASE("results of many come in the order of the inputs, from however many batches and lanes") {
  DynamicBatcher<int, int> batcher{{.max_batch_size = 7, .lanes = 3}, doubled};
  ints inputs(500);
  for (int i = 0; i < 500; ++i) inputs[static_cast<std::size_t>(i)] = i;
  CHECK(batcher.async_submit_many(inputs, use_future).get() == doubled(inputs));
}

TEST_CASE("many of nothing succeed with nothing, even after close") {
  DynamicBatcher<int, int> batcher{{}, doubled};
  CHECK(batcher.async_submit_many({}, use_future).get().empty());
  batcher.close();
  CHECK(batcher.async_submit_many({}, use_future).get().empty());
  CHECK(batcher.stats().submitted == 0);
}

TEST_CASE("use_future throws the error as a system_error") {
  DynamicBatcher<int, int> batcher{{}, [](std::span<int>) -> ints { throw std::runtime_error("broken"); }};
  auto failed = batcher.async_submit(1, use_future);
  try {
    failed.get();
    FAIL("no exception");
  } catch (const boost::system::system_error& thrown) {
    CHECK(thrown.code() == error::model_failed);
  }
}

TEST_CASE("every overload of the submitting functions takes a plain handler") {
  DynamicBatcher<int, int> batcher{{}, doubled};
  const carpool::submit_options asked{.deadline = 1h};
  eventual<int> one[4];
  eventual<ints> many[3];
  batcher.async_submit(1, one[0].handler());
  batcher.async_submit(2, asked, one[1].handler());
  batcher.async_submit(3, {.deadline = 1h}, one[2].handler());
  batcher.async_submit(4, {.deadline = carpool::time_point{}}, one[3].handler());
  batcher.async_submit_many({5}, many[0].handler());
  batcher.async_submit_many({6}, asked, many[1].handler());
  batcher.async_submit_many({7}, {.deadline = 0ms}, many[2].handler());
  CHECK(one[0].value() == 2);
  CHECK(one[1].value() == 4);
  CHECK(one[2].value() == 6);
  CHECK(one[3].error() == error::expired);
  CHECK(many[0].value() == ints{10});
  CHECK(many[1].value() == ints{12});
  CHECK(many[2].error() == error::expired);
}

TEST_CASE("the default token is deferred: nothing happens before the operation is started") {
  DynamicBatcher<int, int> batcher{{}, doubled};
  carpool::submit_options asked;
  auto later = batcher.async_submit(4);
  auto later_too = batcher.async_submit(5, asked);
  auto many = batcher.async_submit_many({6});
  CHECK(batcher.stats().submitted == 0);
  CHECK(std::move(later)(use_future).get() == 8);
  CHECK(std::move(later_too)(use_future).get() == 10);
  CHECK(std::move(many)(use_future).get() == ints{12});
  auto drain = batcher.async_drain();
  std::move(drain)(use_future).get();
}

TEST_CASE("detached runs the request and drops its result") {
  DynamicBatcher<int, int> batcher{{}, doubled};
  batcher.async_submit(1, asio::detached);
  batcher.async_drain(use_future).get();
  CHECK(batcher.stats().succeeded == 1);
}

TEST_CASE("B22: the destructor waits for the batch that is running, and its caller gets the result") {
  carpool::test::gate gate;
  auto batcher = std::make_unique<DynamicBatcher<int, int>>(carpool::options{.max_batch_size = 1},
                                                            [&](std::span<int> xs) {
                                                              gate.pass();
                                                              return doubled(xs);
                                                            });
  auto running = batcher->async_submit(1, use_future);
  gate.await_arrivals(1);
  eventual<int> waiting;
  batcher->async_submit(2, waiting.handler());
  std::thread destroyer([&] { batcher.reset(); });
  CHECK(waiting.error() == error::shut_down);
  gate.open();
  destroyer.join();
  CHECK(running.get() == 2);
}

TEST_CASE("B22: the same with batches on a model executor") {
  carpool::test::gate gate;
  asio::thread_pool pool(2);
  auto batcher = std::make_unique<DynamicBatcher<int, int>>(
      carpool::options{.max_batch_size = 1, .lanes = 2, .model_executor = pool.get_executor()},
      [&](std::span<int> xs) {
        gate.pass();
        return doubled(xs);
      },
      carpool::eager{});
  auto first = batcher->async_submit(1, use_future);
  auto second = batcher->async_submit(2, use_future);
  gate.await_arrivals(2);
  eventual<int> waiting;
  batcher->async_submit(3, waiting.handler());
  std::thread destroyer([&] { batcher.reset(); });
  CHECK(waiting.error() == error::shut_down);
  gate.open();
  destroyer.join();
  CHECK(first.get() == 2);
  CHECK(second.get() == 4);
}

TEST_CASE("B23: a batcher with threads of its own, destroyed inside its functor") {
  for (const bool own_context : {true, false}) {
    asio::thread_pool pool(1);
    std::unique_ptr<DynamicBatcher<int, int>> batcher;
    std::promise<void> destroyed;
    const auto model = [&](std::span<int> xs) {
      batcher.reset();
      destroyed.set_value();
      return doubled(xs);
    };
    const carpool::options given{.max_batch_size = 1, .lanes = 1};
    batcher = own_context ? std::make_unique<DynamicBatcher<int, int>>(given, model)
                          : std::make_unique<DynamicBatcher<int, int>>(pool, given, model);
    auto running = batcher->async_submit(1, asio::bind_executor(pool, use_future));
    destroyed.get_future().get();
    CHECK(running.get() == 2);
    pool.join();
  }
}

TEST_CASE("functors may call the batcher while they are destroyed with it") {
  for (const bool with_pool : {false, true}) {
    asio::thread_pool pool(1);
    const DynamicBatcher<int, int>* ending = nullptr;
    std::uint64_t submitted = 0;
    std::shared_ptr<void> farewell(nullptr, [&](void*) { submitted = ending->stats().submitted; });
    auto batcher = std::make_unique<DynamicBatcher<int, int>>(
        carpool::options{.model_executor = with_pool ? pool.get_executor() : asio::any_io_executor()},
        [farewell = std::move(farewell)](std::span<int> xs) { return doubled(xs); });
    CHECK(batcher->async_submit(1, use_future).get() == 2);
    ending = batcher.get();
    batcher.reset();
    CHECK(submitted == 1);
    pool.join();
  }
}

TEST_CASE("B23: a batcher with threads of its own, destroyed inside a completion handler") {
  for (const bool own_context : {true, false}) {
    asio::thread_pool pool(1);
    std::unique_ptr<DynamicBatcher<int, int>> batcher;
    std::promise<int> result;
    batcher = own_context
                  ? std::make_unique<DynamicBatcher<int, int>>(carpool::options{.lanes = 2}, doubled)
                  : std::make_unique<DynamicBatcher<int, int>>(pool, carpool::options{.lanes = 2}, doubled);
    batcher->async_submit(1, [&](boost::system::error_code, int value) {
      batcher.reset();
      result.set_value(value);
    });
    CHECK(result.get_future().get() == 2);
    pool.join();
  }
}

TEST_CASE("B23: a batcher destroyed by a handler that its lane made, with others waiting for it") {
  std::unique_ptr<DynamicBatcher<int, int>> batcher;
  carpool::test::gate gate;
  batcher = std::make_unique<DynamicBatcher<int, int>>(
      carpool::options{.max_batch_size = 1, .lanes = 2},
      [&](std::span<int> xs) {
        if (xs[0] == 1) gate.pass();
        return doubled(xs);
      },
      carpool::eager{});
  auto slow = batcher->async_submit(1, use_future);
  gate.await_arrivals(1);
  std::promise<void> destroyed;
  batcher->async_submit(2, [&](boost::system::error_code, int) {
    gate.open();
    batcher.reset();
    destroyed.set_value();
  });
  destroyed.get_future().get();
  CHECK(slow.get() == 2);
}

TEST_CASE("B23: a batcher with threads of its own, destroyed by its observer on a lane") {
  struct ender final : carpool::observer {
    void on_batch_finished(const carpool::batch_report&) noexcept override { end(); }
    std::function<void()> end;
  };
  for (const bool own_context : {true, false}) {
    asio::thread_pool pool(1);
    std::unique_ptr<DynamicBatcher<int, int>> batcher;
    std::promise<void> destroyed;
    const auto observing = std::make_shared<ender>();
    observing->end = [&] {
      batcher.reset();
      destroyed.set_value();
    };
    const carpool::options given{.observer = observing};
    batcher = own_context ? std::make_unique<DynamicBatcher<int, int>>(given, doubled)
                          : std::make_unique<DynamicBatcher<int, int>>(pool, given, doubled);
    auto running = batcher->async_submit(1, asio::bind_executor(pool, use_future));
    destroyed.get_future().get();
    CHECK(running.get() == 2);
    pool.join();
  }
}

TEST_CASE("B26: close and drain from several threads at once") {
  DynamicBatcher<int, int> batcher{{}, doubled};
  std::vector<std::future<int>> results;
  for (int i = 0; i < 50; ++i) results.push_back(batcher.async_submit(i, use_future));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      if (i % 2 == 0)
        batcher.async_drain(use_future).get();
      else
        batcher.close();
    });
  for (auto& thread : threads) thread.join();
  int ended = 0;
  for (auto& result : results) {
    try {
      result.get();
    } catch (const boost::system::system_error& thrown) {
      CHECK(thrown.code() == error::shut_down);
    }
    ++ended;
  }
  CHECK(ended == 50);
}

TEST_CASE("B36: a lane's functors are never entered twice at once") {
  for (const std::size_t lanes : {1u, 3u}) {
    std::vector<std::atomic<int>> inside(lanes);
    std::atomic<bool> twice = false;
    asio::thread_pool pool(4);
    for (const bool threads : {true, false}) {
      carpool::options given{.max_batch_size = 2, .lanes = lanes};
      if (!threads) given.model_executor = pool.get_executor();
      DynamicBatcher<int, int> batcher{given, [&](std::size_t lane) {
                                         return [&, lane](std::span<int> xs) {
                                           if (++inside[lane] != 1) twice = true;
                                           auto results = doubled(xs);
                                           --inside[lane];
                                           return results;
                                         };
                                       }};
      CHECK(batcher.async_submit_many(ints(1000, 7), use_future).get() == ints(1000, 14));
    }
    CHECK(!twice);
  }
}
