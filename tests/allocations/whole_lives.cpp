// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// B27 from the first submission to the last result: whichever allocations fail on the way, in submitting,
// batching, running and telling, every request that was accepted ends exactly once.

#include <carpool/carpool.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <allocations/counting_new.hpp>
#include <support/counting_executor.hpp>
#include <support/doctest.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace carpool;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

constexpr int poison = 5;

/// Fails for a batch with the poison.
const auto echo = [](std::span<const int> inputs) {
  for (const int each : inputs)
    if (each == poison) throw std::runtime_error("poison");
  return std::vector<int>(inputs.begin(), inputs.end());
};

/// Requests of several kinds and what became of them. Needs no memory of its own.
class requests {
 public:
  static constexpr std::size_t count = 12;

  /// Submits them; those for which there is no memory are not accepted. Some submit another one when they
  /// end.
  template <class Foreign>
  void submit(DynamicBatcher<int, int>& batcher, Foreign& foreign) {
    for (std::size_t i = 0; i < count; ++i) {
      if (i % 4 == 0)
        submit(batcher, i, note{this, i});
      else if (i % 4 == 1)
        submit(batcher, i, asio::bind_executor(foreign, note{this, i}));
      else if (i % 4 == 2)
        submit(batcher, i, asio::bind_cancellation_slot(signals_[i].slot(), note{this, i}));
      else
        submit(batcher, i, [this, &batcher, i](boost::system::error_code why, int) {
          note{this, i}(why, 0);
          if (may_go_on_) submit(batcher, count + i, note{this, count + i});
        });
    }
  }

  void cancel_some() {
    for (std::size_t i = 2; i < count; i += 8) signals_[i].emit(asio::cancellation_type::terminal);
  }

  /// The batcher ends.
  void submit_no_more() { may_go_on_ = false; }

  [[nodiscard]] bool all_ended() const {
    for (std::size_t i = 0; i < 2 * count; ++i)
      if (accepted_[i] && ended_[i] == 0) return false;
    return true;
  }

  void check() const {
    for (std::size_t i = 0; i < 2 * count; ++i) {
      INFO("request ", i);
      CHECK(ended_[i] == (accepted_[i] ? 1 : 0));
    }
  }

 private:
  struct note {
    requests* mine;
    std::size_t number;
    void operator()(boost::system::error_code, int) const { ++mine->ended_[number]; }
  };

  template <class Handler>
  void submit(DynamicBatcher<int, int>& batcher, std::size_t i, Handler handler) {
    try {
      batcher.async_submit(static_cast<int>(i), {.deadline = i % 2 == 0 ? duration(1h) : no_deadline},
                           std::move(handler));
      accepted_[i] = true;
    } catch (const std::bad_alloc&) {
    }
  }

  bool may_go_on_ = true;
  std::array<asio::cancellation_signal, count> signals_;
  std::array<bool, 2 * count> accepted_{};
  std::array<int, 2 * count> ended_{};
};

/// Runs what is ready on both until all have ended, or nobody can hope for it any more.
void run(asio::io_context& io, asio::io_context& foreign, const requests& those) {
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  while (!those.all_ended() && std::chrono::steady_clock::now() < give_up) {
    for (asio::io_context* each : {&io, &foreign}) {
      each->restart();
      each->poll();
    }
  }
}

/// `live(successes, failures)` returns how many allocations failed. Calls it with ever more memory, until it
/// is enough, and with one allocation that fails or several in a row.
template <class Life>
void at_every_allocation(Life live) {
  for (const std::size_t failures : {1U, 2U, 7U}) {
    std::size_t successes = 0;
    for (bool enough = false; !enough; ++successes) {
      REQUIRE(successes < 2000);
      INFO(failures, " failures after ", successes, " allocations");
      enough = live(successes, failures) == 0;
    }
    CHECK(successes > 10);
  }
}

struct silent final : observer {};

/// Too large for an any_io_executor, which then needs memory to give another form of it; as a strand of an
/// any_io_executor is.
struct large_executor : counting_executor {
  using counting_executor::counting_executor;
  [[nodiscard]] large_executor require(asio::execution::blocking_t::never_t) const { return *this; }
  std::array<std::byte, 64> rest{};
};

}  // namespace

TEST_CASE(
    "B27: whichever allocation fails, every accepted request ends once, on the executor of its handler") {
  options given{.max_batch_size = 4};
  SUBCASE("as it is") {}
  SUBCASE("observed") { given.observer = std::make_shared<silent>(); }
  SUBCASE("with several lanes") { given.lanes = 3; }
  at_every_allocation([&](std::size_t successes, std::size_t failures) {
    asio::io_context io;
    asio::io_context foreign;
    given.model_executor = io.get_executor();
    DynamicBatcher<int, int> batcher{io, given, echo, size_or_timeout{4, 1ms}};
    requests some;
    std::size_t failed = 0;
    {
      const allocation_failure failing(successes, failures);
      some.submit(batcher, foreign);
      some.cancel_some();
      run(io, foreign, some);
      failed = failing.failures();
    }
    some.check();
    const stats s = batcher.stats();
    CHECK(s.submitted == s.succeeded + s.failed + s.rejected + s.cancelled + s.expired);
    return failed;
  });
}

TEST_CASE("B27: so do those that share their runs") {
  at_every_allocation([](std::size_t successes, std::size_t failures) {
    asio::io_context io;
    asio::io_context foreign;
    DynamicBatcher<int, int> batcher{
        io, {.max_batch_size = 4, .model_executor = io.get_executor()}, single_flight{echo}};
    requests first;
    requests second;
    std::size_t failed = 0;
    {
      const allocation_failure failing(successes, failures);
      first.submit(batcher, foreign);
      second.submit(batcher, foreign);
      run(io, foreign, first);
      run(io, foreign, second);
      failed = failing.failures();
    }
    first.check();
    second.check();
    return failed;
  });
}

TEST_CASE("B27: so do those whose executor needs memory when it is asked for another form of it") {
  at_every_allocation([](std::size_t successes, std::size_t failures) {
    asio::io_context io;
    asio::io_context foreign;
    const asio::any_io_executor large(large_executor{foreign});
    DynamicBatcher<int, int> batcher{io, {.model_executor = io.get_executor()}, echo};
    requests some;
    std::size_t failed = 0;
    {
      const allocation_failure failing(successes, failures);
      some.submit(batcher, large);
      run(io, foreign, some);
      failed = failing.failures();
    }
    some.check();
    return failed;
  });
}

TEST_CASE(
    "B27: a request of a handler is refused if there is no memory to keep the executor running for it") {
  bool refused = false;
  for (std::size_t successes = 0; successes < 10; ++successes) {
    INFO("memory for ", successes, " allocations");
    asio::io_context io;
    const asio::any_io_executor large(large_executor{io});
    DynamicBatcher<int, int> batcher{large, {.model_executor = io.get_executor()}, echo, eager{}};
    int ended = 0;
    std::optional<allocation_failure> failing;
    batcher.async_submit(1, [&](boost::system::error_code, int) {
      batcher.async_submit(2, [&](boost::system::error_code why, int) {
        ++ended;
        refused |= why == error::queue_full;
      });
      failing.emplace(successes, 2);
    });
    io.run();
    failing.reset();
    CHECK(ended == 1);
  }
  CHECK(refused);
}

TEST_CASE("B27: a batcher that ends while memory is short leaves nobody behind") {
  at_every_allocation([](std::size_t successes, std::size_t failures) {
    asio::io_context io;
    asio::io_context foreign;
    std::optional<DynamicBatcher<int, int>> batcher(std::in_place, io,
                                                    options{.model_executor = io.get_executor()}, echo);
    requests some;
    std::size_t failed = 0;
    {
      const allocation_failure failing(successes, failures);
      some.submit(*batcher, foreign);
      io.poll_one();
      some.submit_no_more();
      batcher.reset();
      run(io, foreign, some);
      failed = failing.failures();
    }
    some.check();
    return failed;
  });
}

TEST_CASE("B27: a handler's context may end while memory is short") {
  at_every_allocation([](std::size_t successes, std::size_t failures) {
    asio::io_context io;
    std::optional<asio::io_context> foreign(std::in_place);
    DynamicBatcher<int, int> batcher{io, {.model_executor = io.get_executor()}, echo};
    const auto alive = std::make_shared<int>();
    std::size_t failed = 0;
    {
      const allocation_failure failing(successes, failures);
      try {
        for (int i = 0; i < 4; ++i)
          batcher.async_submit(
              i, asio::bind_executor(*foreign, [alive](boost::system::error_code, int) { ++*alive; }));
      } catch (const std::bad_alloc&) {
      }
      for (int i = 0; i < 3; ++i) io.poll_one();
      foreign.reset();
      io.poll();
      failed = failing.failures();
    }
    io.restart();
    io.poll();
    CHECK(alive.use_count() == 1);
    CHECK(*alive == 0);
    return failed;
  });
}

TEST_CASE("B27: a lane's thread that has no memory to tell its results tries again") {
  for (const std::size_t failures : {1U, 2U, 7U, 100U}) {
    for (std::size_t successes = 0; successes < 20; ++successes) {
      INFO(failures, " failures after ", successes, " allocations of the lane");
      asio::io_context io;
      asio::io_context foreign;
      requests some;
      {
        DynamicBatcher<int, int> batcher{io, {.max_batch_size = 4}, [&](std::span<const int> inputs) {
                                           thread_local std::optional<allocation_failure> failing;
                                           if (!failing) failing.emplace(successes, failures);
                                           return echo(inputs);
                                         }};
        some.submit(batcher, foreign);
        if (successes % 2 == 0) run(io, foreign, some);
        some.submit_no_more();
      }
      run(io, foreign, some);
      some.check();
    }
  }
}
