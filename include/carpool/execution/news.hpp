// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/observe/observer.hpp>

#include <boost/system/error_code.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace carpool::execution {

/// A request's report while it is being written, in a list of those that are to be told. Exists only where
/// there is an observer, and is made with the request, so that ending one needs no memory.
struct request_record {
  request_report report;
  std::unique_ptr<request_record> next;
};

/// What an event has to tell the observer when the lock has been released.
class news {
 public:
  news() = default;
  news(const news&) = delete;
  news& operator=(const news&) = delete;
  ~news() {
    while (first_) first_ = std::move(first_->next);  // not one inside the other
  }

  /// A lane has hung.
  void add(const hung_lane_report& hung) noexcept { hung_ = hung; }

  /// A request has ended; nothing if nobody observes it.
  void add(std::unique_ptr<request_record>&& ended, boost::system::error_code why, time_point now) noexcept {
    if (!ended) return;
    ended->report.why = why;
    ended->report.ended = now;
    ended->next = std::move(first_);
    first_ = std::move(ended);
  }

  [[nodiscard]] bool empty() const noexcept { return !first_ && !hung_; }

  void tell(observer& to) noexcept {
    if (hung_) to.on_lane_hung(*std::exchange(hung_, std::nullopt));
    while (const auto each = std::move(first_)) {
      first_ = std::move(each->next);
      to.on_request_ended(each->report);
    }
  }

 private:
  std::unique_ptr<request_record> first_;
  std::optional<hung_lane_report> hung_;
};

}  // namespace carpool::execution
