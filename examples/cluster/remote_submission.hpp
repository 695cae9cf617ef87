// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "remote_queue.hpp"
#include <carpool/error.hpp>

#include <boost/system/system_error.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace cluster {

/// Texts of a caller who waits. Lives in the frame of submit(); whoever leaves without all replies takes the
/// texts along that Redis has said it has.
struct remote_queue::submission {
  submission(remote_queue& queue_, std::size_t texts)
      : queue(queue_),
        number(queue.awaited_.expect(texts)),
        replies(texts),
        missing(texts),
        changed(queue.executor_) {
    queue.open_[number] = this;
    queue.counted_.submitted += texts;
  }
  submission(const submission&) = delete;
  submission& operator=(const submission&) = delete;
  ~submission() {
    queue.open_.erase(number);
    queue.awaited_.forget(number);
    *outcome += missing;
    if (missing == 0) return;
    std::erase(entries, "");
    if (!entries.empty()) queue.withdraw(std::move(entries));
  }

  /// Redis has answered: these are the entries, or none if there is no room for them or asking failed.
  void asked(std::vector<std::string> added, std::exception_ptr failed) {
    entries = std::move(added);
    if (!entries.empty()) return;
    refused = failed ? failed
                     : std::make_exception_ptr(
                           boost::system::system_error(make_error_code(carpool::error::queue_full)));
    outcome = failed ? &queue.counted_.failed : &queue.counted_.rejected;
    changed.cancel();
  }

  bool over() const { return missing == 0 || refused; }

  remote_queue& queue;
  std::uint64_t number;
  std::vector<text_reply> replies;
  std::vector<std::string> entries;  // of those admitted; empty where there is a reply
  std::size_t missing;
  std::exception_ptr refused;                          // why the texts are not in the queue
  asio::steady_timer changed;                          // when the wait is too long; cancelled when it is over
  std::uint64_t* outcome = &queue.counted_.cancelled;  // what becomes of texts without a reply
};

}  // namespace cluster
