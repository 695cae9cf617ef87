// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// BentoML's CorkDispatcher (bentoml/_internal/marshal/dispatcher.py): a batch of n takes a*n + b, fitted to
// the last 50 batches. A head that would be late with all that waits is given up; a batch waits while the
// newest request is so young that more company should pay; the newest requests leave first. It refits at most
// every 5 seconds; here it does so after every batch, which is kinder.

#pragma once

#include "peer.hpp"

#include <deque>
#include <vector>

namespace bench {

class bentoml_regression : public peer {
 public:
  bentoml_regression(carpool::duration deadline, std::size_t lanes)
      : deadline_(carpool::simulate::to_seconds(deadline)),
        per_request_(std::min(2.0, deadline_ / 15)),
        per_batch_(std::min(1.0, deadline_ / 30)),
        flights_(lanes) {}

  void on_dispatch(std::size_t lane, std::span<const carpool::scheduling::waiting_request> batch,
                   carpool::time_point now) noexcept {
    flights_[lane] = {now, static_cast<double>(batch.size()),
                      carpool::simulate::to_seconds(now - batch.front().arrival)};
  }

  void on_done(std::size_t lane, carpool::time_point now, bool) {
    if (++batches_ <= skipped) return;
    const auto& [started, size, waited] = flights_[lane];
    samples_.push_back({size, carpool::simulate::to_seconds(now - started), waited});
    if (samples_.size() > kept) samples_.pop_front();
    fit();
  }

  [[nodiscard]] carpool::scheduling::action decide(carpool::time_point now,
                                                   const carpool::scheduling::queue_view& queue,
                                                   std::size_t) const noexcept {
    const std::size_t n = queue.size(), most = batches_ <= skipped ? 1 : queue.bounds().max_batch_size;
    const auto age = [&](std::size_t i) { return carpool::simulate::to_seconds(now - queue[i].arrival); };
    const double size = static_cast<double>(n);
    if (n > 1 && batches_ > skipped && age(0) + per_request_ * size + per_batch_ >= deadline_)
      return drop_oldest(1);
    if (n < most && size * (age(n - 1) + tick + per_request_) <= 0.95 * wait_)
      return carpool::scheduling::wait_until{now + carpool::simulate::from_seconds(tick)};
    const std::size_t count = std::min(n, most);
    return carpool::scheduling::dispatch{carpool::scheduling::positions::run(n - count, count),
                                         carpool::departure::lane_free};
  }

 private:
  static constexpr std::size_t kept = 50, skipped = 2;
  static constexpr double tick = 0.001;

  struct sample {
    double size, seconds, waited;
  };
  struct running {
    carpool::time_point started;
    double size = 0, waited = 0;
  };

  void fit() noexcept {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0, waited = 0;
    for (const sample& each : samples_) {
      n += 1, x += each.size, y += each.seconds, waited += each.waited;
      xx += each.size * each.size, xy += each.size * each.seconds;
    }
    wait_ = waited / n;
    const double spread = n * xx - x * x;
    if (spread < 1e-9 * n * xx) {  // one size only: the shortest of all solutions, as a pseudoinverse has it
      const double size = x / n, scale = y / n / (size * size + 1);
      per_request_ = size * scale;
      per_batch_ = scale;
      return;
    }
    per_request_ = std::max(1e-6, (n * xy - x * y) / spread);
    per_batch_ = std::max(0.0, (y - (n * xy - x * y) / spread * x) / n);
  }

  double deadline_;
  double per_request_;
  double per_batch_;
  double wait_ = 0.01;  // of the oldest request of a batch, on average
  std::size_t batches_ = 0;
  std::deque<sample> samples_;
  std::vector<running> flights_;
};

}  // namespace bench
