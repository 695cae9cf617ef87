// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Crankshaw et al., Clipper: a low-latency online prediction serving system (NSDI 2017), section 4.3.1: the
// maximum batch size grows by one while batches keep within the latency objective, and shrinks by a tenth
// when one does not. Eager otherwise.

#pragma once

#include "peer.hpp"

#include <vector>

namespace bench {

class clipper_aimd : public peer {
 public:
  clipper_aimd(carpool::duration objective, std::size_t lanes) : objective_(objective), flights_(lanes) {}

  void on_dispatch(std::size_t lane, std::span<const carpool::scheduling::waiting_request> batch,
                   carpool::time_point now) noexcept {
    flights_[lane] = {now, batch.size() >= largest()};
  }

  void on_done(std::size_t lane, carpool::time_point now, bool) noexcept {
    const auto& [started, was_full] = flights_[lane];
    if (now - started > objective_)
      size_ = std::max(1.0, 0.9 * size_);
    else if (was_full)
      size_ += 1;
  }

  [[nodiscard]] carpool::scheduling::action decide(carpool::time_point,
                                                   const carpool::scheduling::queue_view& queue,
                                                   std::size_t) const noexcept {
    return take_oldest(std::min({queue.size(), queue.bounds().max_batch_size, largest()}));
  }

 private:
  struct running {
    carpool::time_point started;
    bool was_full = false;
  };

  [[nodiscard]] std::size_t largest() const noexcept { return static_cast<std::size_t>(size_); }

  carpool::duration objective_;
  std::vector<running> flights_;
  double size_ = 1;
};

}  // namespace bench
