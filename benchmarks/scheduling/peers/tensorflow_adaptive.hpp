// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// TensorFlow's AdaptiveSharedBatchScheduler (tensorflow/core/kernels/batching_util): eager, but with a limit
// on the batches in flight, which climbs towards the least mean latency of 1000 batches, step by step. A
// limit of 3.2 means 3 four times out of five, and 4 otherwise.

#pragma once

#include "peer.hpp"
#include <carpool/simulate/dice.hpp>

#include <cmath>
#include <vector>

namespace bench {

class tensorflow_adaptive : public peer {
 public:
  explicit tensorflow_adaptive(std::size_t lanes)
      : most_(static_cast<double>(lanes)), limit_(std::min(3.0, most_)), created_(lanes) {
    draw();
  }

  void on_dispatch(std::size_t lane, std::span<const carpool::scheduling::waiting_request> batch,
                   carpool::time_point) noexcept {
    ++in_flight_;
    created_[lane] = batch.front().arrival;
    draw();
  }

  void on_done(std::size_t lane, carpool::time_point now, bool) noexcept {
    --in_flight_;
    latency_sum_ += carpool::simulate::to_seconds(now - created_[lane]);
    if (++batches_ == batches_to_average_over) climb();
    draw();
  }

  [[nodiscard]] carpool::scheduling::action decide(carpool::time_point,
                                                   const carpool::scheduling::queue_view& queue,
                                                   std::size_t) const noexcept {
    if (in_flight_ >= allowed_) return carpool::scheduling::idle{};
    return take_oldest(std::min(queue.size(), queue.bounds().max_batch_size));
  }

 private:
  static constexpr std::size_t batches_to_average_over = 1000;

  void climb() noexcept {
    const double latency = latency_sum_ / static_cast<double>(batches_);
    const bool better = latency < last_latency_;
    if (better)
      step_ = std::clamp(step_ * (was_better_ ? 2 : 0.5), 1.0 / 128, 1.0 / 8);
    else
      direction_ = -direction_;
    limit_ = std::clamp(limit_ * (1 + direction_ * step_), 1.0, most_);
    last_latency_ = latency;
    was_better_ = better;
    batches_ = 0;
    latency_sum_ = 0;
  }

  void draw() noexcept {
    const double whole = std::floor(limit_);
    allowed_ = static_cast<std::size_t>(whole) + (dice_.uniform() < limit_ - whole ? 1 : 0);
  }

  double most_;
  double limit_;
  std::vector<carpool::time_point> created_;  // per lane: the arrival of its batch's first request
  std::size_t in_flight_ = 0;
  std::size_t allowed_ = 1;
  std::size_t batches_ = 0;
  double latency_sum_ = 0;
  double last_latency_ = 0;
  bool was_better_ = false;
  double direction_ = 1;
  double step_ = 1.0 / 8;
  carpool::simulate::dice dice_{1};
};

}  // namespace bench
