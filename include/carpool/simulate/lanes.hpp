// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/simulate/dice.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace carpool::simulate {

/// What batches cost. Alone, a batch of work w takes `per_batch + per_work * w` seconds, times what is drawn.
struct lane_model {
  double per_batch = 0;  ///< seconds
  double per_work = 0;   ///< seconds per unit of the batch's work

  /// Several running lanes together do at most this many times what one does alone, and share it evenly.
  /// Infinite: they do not disturb each other. About 1: they sit on one device. Below: they hinder each
  /// other.
  double device_speed = std::numeric_limits<double>::infinity();

  double spread = 0;        ///< standard deviation of the logarithm of a batch's time
  double stall_chance = 0;  ///< share of the batches that take stall_factor times as long
  double stall_factor = 2;

  time_point drift_at = never;  ///< batches that start from here on take `drift` times as long
  double drift = 1;

  /// Seconds for a batch of this work that runs alone and undisturbed.
  [[nodiscard]] double seconds(double work) const noexcept { return per_batch + per_work * work; }
};

/// Lanes that take virtual time, as processors that share a device's speed evenly. All running batches
/// progress alike, so one integral over time serves them all: a batch ends when it has grown by the batch's
/// own seconds.
class lanes {
 public:
  lanes(const lane_model& model, std::size_t count, std::uint64_t seed)
      : model_(model), dice_(seed), ends_(count, idle) {}

  /// A lane without a batch; there must be one.
  [[nodiscard]] std::size_t free_lane() const noexcept {
    const auto found = std::find(ends_.begin(), ends_.end(), idle);
    assert(found != ends_.end());
    return static_cast<std::size_t>(found - ends_.begin());
  }

  /// When the next batch ends, and its lane; `never` while none runs.
  [[nodiscard]] time_point next_end() const noexcept { return next_end_; }
  [[nodiscard]] std::size_t next_lane() const noexcept { return next_lane_; }

  /// Seconds, added up over the lanes, in which one was busy.
  [[nodiscard]] double busy_seconds() const noexcept { return busy_seconds_; }

  void start(std::size_t lane, double work, time_point now) {
    advance(now);
    ends_[lane] = progress_ + draw(work, now);
    ++running_;
    look_ahead();
  }

  /// The batch of next_lane() is over; `now` is next_end().
  void finish(time_point now) {
    advance(now);
    ends_[next_lane_] = idle;
    --running_;
    look_ahead();
  }

 private:
  static constexpr double idle = std::numeric_limits<double>::infinity();
  static constexpr double longest = 1e9;  // seconds; whatever a batch costs, its lane is not idle

  [[nodiscard]] double draw(double work, time_point now) noexcept {
    double seconds = model_.seconds(work);
    if (model_.spread > 0) seconds *= std::exp(model_.spread * dice_.normal());
    if (model_.stall_chance > 0 && dice_.uniform() <= model_.stall_chance) seconds *= model_.stall_factor;
    return std::min(longest, now < model_.drift_at ? seconds : seconds * model_.drift);
  }

  /// How fast each running batch progresses.
  [[nodiscard]] double speed() const noexcept {
    return running_ > 1 ? std::min(1.0, model_.device_speed / static_cast<double>(running_)) : 1;
  }

  void advance(time_point now) noexcept {
    const double elapsed = to_seconds(now - last_);
    last_ = now;
    if (running_ == 0) return;
    progress_ += elapsed * speed();
    busy_seconds_ += elapsed * static_cast<double>(running_);
  }

  void look_ahead() noexcept {
    const auto first = std::min_element(ends_.begin(), ends_.end());
    next_lane_ = static_cast<std::size_t>(first - ends_.begin());
    next_end_ = running_ == 0
                    ? never
                    : saturating_add(last_, from_seconds(std::max(0.0, *first - progress_) / speed()));
  }

  lane_model model_;
  dice dice_;
  std::vector<double> ends_;  // per lane: the progress at which its batch is over
  std::size_t running_ = 0;
  double progress_ = 0;  // seconds of its own that a batch running since the beginning would have behind it
  double busy_seconds_ = 0;
  time_point last_{};
  time_point next_end_ = never;
  std::size_t next_lane_ = 0;
};

}  // namespace carpool::simulate
