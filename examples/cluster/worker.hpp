// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "request_source.hpp"
#include "text_runner.hpp"
#include "worker_desk.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cluster {

/// Takes texts from a queue, has them run and replies. Does what its desk says; decides nothing itself.
///
/// Not thread-safe: everything happens on the executor, whose io_context must be run by one thread.
class worker {
 public:
  struct counters {
    std::uint64_t received = 0;  ///< entries, adopted ones too
    std::uint64_t adopted = 0;
    std::uint64_t replied = 0;   ///< with a result or a failure
    std::uint64_t rejected = 0;  ///< to the dead letters
  };

  /// The source must outlive the worker.
  worker(const asio::any_io_executor& executor, request_source& source, text_runner run,
         const desk_limits& limits);

  /// Works until stop(), and then until everything that was taken has been answered.
  asio::awaitable<void> work();

  /// Takes nothing new from now on. The wait for new entries that is under way ends by itself.
  void stop();

  const counters& counted() const { return counted_; }

 private:
  asio::awaitable<void> receive();
  asio::awaitable<void> adopt();
  asio::awaitable<void> answer(delivery received, bool worth_trying);
  asio::awaitable<text_reply> ask_model(text_request request);
  asio::awaitable<void> settle(delivery received, std::string reply, bool dead);
  void tell_of_dead_letter(const std::string& entry);
  asio::awaitable<void> keep_leases();
  asio::awaitable<void> extend(std::vector<std::string> entries);
  asio::awaitable<void> look_around();
  asio::awaitable<void> look_once();
  asio::awaitable<void> pause();
  void run_beside(asio::awaitable<void> errand);
  void begin(delivery received);
  void end(const std::string& entry);
  void complain(std::string_view what, const std::string& why);

  asio::any_io_executor executor_;
  request_source& source_;
  text_runner run_;
  worker_desk desk_;
  lease lease_;
  asio::steady_timer changed_;  // never fires; cancelled when the desk may say something else
  asio::steady_timer keeper_;   // fires when a lease must be extended
  asio::steady_timer looker_;   // fires when it is time to look around
  counters counted_;
  bool done_ = false;
  std::size_t beside_ = 0;                 // errands that run beside work()
  carpool::time_point silent_until_{};     // about dead letters
  std::uint64_t untold_ = 0;               // dead letters since then
  std::set<std::string_view> complaints_;  // so that an outage is one line of the log for each, not thousands
};

}  // namespace cluster
