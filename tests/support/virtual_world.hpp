// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/dynamic_batcher.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>

#include <boost/asio/io_context.hpp>

#include <support/manual_clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <stdexcept>

// Compiled once, in virtual_world.cpp, and not for every test.
extern template class carpool::execution::intake<carpool::test::manual_clock>;
extern template class carpool::execution::shell<carpool::test::manual_clock>;
extern template class carpool::execution::batch_runner<carpool::test::manual_clock>;
extern template class carpool::execution::workers<carpool::test::manual_clock>;
extern template class carpool::execution::engine<carpool::test::manual_clock>;

namespace carpool::test {

using namespace std::chrono_literals;

/// A batcher whose time is a test's.
template <class In, class Out>
using virtual_batcher = basic_dynamic_batcher<In, Out, manual_clock>;

/// One thread and a clock that stands still. Callers and the timer live on `callers`; batches run on
/// `lanes`, a context of its own, so that a functor may run the callers' in the middle of a batch.
struct virtual_world {
  virtual_world() { manual_clock::reset(); }

  /// These options, with batches run here.
  [[nodiscard]] options running_here(options given = {}) {
    given.model_executor = lanes.get_executor();
    return given;
  }

  /// Runs everything that is ready, and all that follows from it, at the present time.
  void settle() {
    while (run_ready(callers) + run_ready(lanes) > 0) {
    }
  }

  /// Lets time pass as it does: each timer fires when it is due.
  void advance(duration by) {
    const auto until = saturating_add(manual_clock::now(), by);
    settle();
    for (auto next = manual_clock::next_expiry(); next && *next <= until;
         next = manual_clock::next_expiry()) {
      manual_clock::advance(*next - manual_clock::now());
      settle();
    }
    manual_clock::advance(std::max(until - manual_clock::now(), duration::zero()));  // a model may take time
    settle();
  }

  /// Lets time pass while nothing can run, as when the process is stopped.
  void oversleep(duration by) {
    manual_clock::advance(by);
    settle();
  }

  /// Nothing is ready, nothing is pending: a thread in run() would have left it.
  [[nodiscard]] bool idle() {
    settle();
    return manual_clock::armed_timers() == 0 && is_dry(callers) && is_dry(lanes);
  }

  /// Throws std::logic_error if it comes to no end.
  static std::size_t run_ready(boost::asio::io_context& io) {
    constexpr std::size_t endless = 100'000;
    io.restart();
    std::size_t ran = 0;
    while (io.poll_one() > 0)
      if (++ran == endless) throw std::logic_error("time stands still: there is always something more to do");
    return ran;
  }

  static bool is_dry(boost::asio::io_context& io) {
    io.restart();
    io.poll();
    return io.stopped();
  }

  boost::asio::io_context callers;
  boost::asio::io_context lanes;
};

}  // namespace carpool::test
