// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Chen et al., Symphony: optimized DNN model serving using deferred batch scheduling (2023): a batch leaves
// at the last moment at which one more request could still have joined it in time, so that lanes stagger by
// themselves; heads are dropped as by Nexus, with the size that staggered lanes reach, (1 + 1/N) * l(b) =
// deadline, as target. Given the true costs and margins for their noise and a late timer. Without a deadline
// it is eager.

#pragma once

#include "peer.hpp"

namespace bench {

class symphony_deferral : public peer {
 public:
  symphony_deferral(carpool::simulate::lane_model model, carpool::duration deadline, std::size_t lanes,
                    std::size_t max_batch_size)
      : soonest_(slower(model, 1.05, 0)),
        safe_(slower(model, 1.1, 60e-6)),
        target_(target_size(safe_, deadline, 1 + 1 / static_cast<double>(lanes), max_batch_size)) {}

  [[nodiscard]] carpool::scheduling::action decide(carpool::time_point now,
                                                   const carpool::scheduling::queue_view& queue,
                                                   std::size_t) const noexcept {
    if (const std::size_t drop = hopeless_heads(soonest_, queue, target_, now); drop > 0)
      return drop_oldest(drop);
    const std::size_t most = std::min(queue.size(), queue.bounds().max_batch_size);
    const carpool::time_point deadline = queue[0].deadline;
    std::size_t size = most;
    while (size > 1 && now + profiled(soonest_, size) > deadline) --size;
    const bool may_grow = size == queue.size() && size < queue.bounds().max_batch_size;
    const carpool::time_point last_moment = deadline - profiled(safe_, size + 1);
    if (deadline == carpool::never || !may_grow || now >= last_moment) return take_oldest(size);
    return carpool::scheduling::wait_until{last_moment};
  }

 private:
  static carpool::simulate::lane_model slower(carpool::simulate::lane_model model, double factor,
                                              double seconds) noexcept {
    model.per_batch = factor * model.per_batch + seconds;
    model.per_work *= factor;
    return model;
  }

  carpool::simulate::lane_model soonest_;  // what a batch takes at least that is not given up
  carpool::simulate::lane_model safe_;     // what it hardly ever exceeds
  std::size_t target_;
};

}  // namespace bench
