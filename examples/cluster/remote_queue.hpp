// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "awaited_replies.hpp"
#include "circuit_breaker.hpp"
#include "entry_numbers.hpp"
#include "queue_keys.hpp"
#include "redis_connection.hpp"
#include "reply_stream.hpp"
#include "text_reply.hpp"
#include "text_request.hpp"
#include "withdrawals.hpp"
#include <carpool/stats.hpp>
#include <carpool/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cluster {

/// No request waits longer than this, whatever deadline it brings: ids of answered requests are remembered
/// for twice as long.
inline constexpr std::chrono::minutes longest_deadline{5};

/// A gateway's end of one shard of the queue: sends texts and hands out the replies.
///
/// Not thread-safe: everything happens on the executor, whose io_context must be run by one thread. Must
/// outlive the operations that it has begun.
class remote_queue {
 public:
  /// At most `max_outstanding` texts are in it at once, waiting or running, of all gateways together,
  /// which should agree on it.
  remote_queue(const asio::any_io_executor& executor, const redis_settings& settings, const queue_keys& keys,
               std::size_t max_outstanding);

  /// Begins to read replies, and to tell Redis that somebody does.
  void start();

  /// Sends texts, all or none, and completes with all replies in their order. Fills in the deadline.
  ///
  /// Throws boost::system::system_error (carpool::error::queue_full, expired and shut_down,
  /// operation_aborted) and redis_unavailable. Cancellation (every type) lets the caller go. Texts of a
  /// caller who leaves, also at the deadline or because Redis does not answer, are not run if no worker has
  /// taken them by then, or by the time that Redis says that it has them, as late as redis_connection::run
  /// hears of replies.
  asio::awaitable<std::vector<text_reply>> submit(std::vector<text_request> texts,
                                                  carpool::time_point deadline);

  /// From now on nothing is taken, and those who wait are let go: both with carpool::error::shut_down.
  void close();

  /// Whether Redis did what it was last asked to.
  bool redis_works() const { return !breaker_.broken(); }

  /// Until Redis is tried again, after it has failed; zero if it works.
  carpool::duration pause_left() const;

  /// Of texts by outcome, where those that Redis did not take have failed; all that have none yet are
  /// `queued`.
  carpool::stats stats() const;

  /// Texts of callers who wait.
  std::size_t waiting() const;

  /// Replies that nobody waited for.
  std::uint64_t unwanted_replies() const { return awaited_.unwanted(); }

  /// For commands that do not wait.
  redis_connection& connection() { return redis_; }

 private:
  struct submission;

  void refuse(submission& mine);
  std::vector<std::string> admission(std::uint64_t number, const std::vector<text_request>& texts);
  asio::awaitable<void> admit(std::uint64_t number, std::vector<std::string> arguments);
  asio::awaitable<std::vector<std::string>> add(std::vector<std::string> arguments);
  asio::awaitable<void> wait_for(submission& mine, carpool::time_point deadline);
  asio::awaitable<void> read_replies();
  asio::awaitable<void> read_some();
  asio::awaitable<void> keep_replies();
  void accept(const redis_value& entry);
  void complain(const std::string& why);

  asio::any_io_executor executor_;
  redis_connection redis_;
  queue_keys keys_;
  std::size_t max_outstanding_;
  std::string name_;
  reply_stream replies_;
  awaited_replies awaited_;
  entry_numbers entry_numbers_;
  std::map<std::uint64_t, submission*> open_;
  circuit_breaker breaker_;
  std::string trouble_;      // the last that there was with Redis
  bool troubled_ = false;    // of late
  bool complained_ = false;  // of it
  withdrawals withdrawals_;
  carpool::stats counted_;
  bool closed_ = false;
};

}  // namespace cluster
