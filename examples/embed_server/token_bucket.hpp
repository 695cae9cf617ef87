// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace embed_server {

/// What somebody may use up in a minute, and at most at once: the bucket is full at first, and fills
/// steadily. Knows no clock; times must not go back. Not thread-safe.
class token_bucket {
 public:
  using duration = carpool::duration;
  using time_point = carpool::time_point;

  /// `per_minute` is more than zero.
  token_bucket(double per_minute, time_point now)
      : per_minute_(per_minute), level_(per_minute), level_at_(now) {}

  /// Another rate from now on. What is left stays, if the bucket still holds that much.
  void set_rate(double per_minute, time_point now) {
    level_ = level(now);
    level_at_ = now;
    per_minute_ = per_minute;
    level_ = std::min(level_, per_minute_);
  }

  /// Takes all of it or nothing; whether it was there.
  bool take(double amount, time_point now) {
    const double there = level(now);
    if (amount > there) return false;
    level_ = there - amount;
    level_at_ = now;
    return true;
  }

  /// What was taken was not used after all.
  void give_back(double amount, time_point now) {
    level_ = std::min(per_minute_, level(now) + amount);
    level_at_ = now;
  }

  double level(time_point now) const {
    constexpr std::chrono::duration<double> minute = std::chrono::minutes{1};
    return std::min(per_minute_, level_ + per_minute_ * ((now - level_at_) / minute));
  }

  /// How long until that much is there, if nobody takes any; empty if the bucket never holds it.
  std::optional<duration> time_until(double amount, time_point now) const {
    if (amount > per_minute_) return std::nullopt;
    const double missing = std::max(0.0, amount - level(now));
    return std::chrono::ceil<duration>(std::chrono::duration<double, std::ratio<60>>(missing / per_minute_));
  }

 private:
  double per_minute_;
  double level_;
  time_point level_at_;
};

}  // namespace embed_server
