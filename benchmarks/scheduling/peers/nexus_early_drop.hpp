// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Shen et al., Nexus: a GPU cluster engine for accelerating DNN-based video analysis (SOSP 2019), section
// 6.3, early drop: the oldest requests that a batch of the target size would not serve in time are dropped,
// so that the next ones get the whole target; the target is the largest size of which two batches fit into
// the deadline. Given the true costs.

#pragma once

#include "peer.hpp"

namespace bench {

class nexus_early_drop : public peer {
 public:
  nexus_early_drop(const carpool::simulate::lane_model& model, carpool::duration deadline,
                   std::size_t max_batch_size)
      : model_(model), target_(target_size(model, deadline, 2, max_batch_size)) {}

  [[nodiscard]] carpool::scheduling::action decide(carpool::time_point now,
                                                   const carpool::scheduling::queue_view& queue,
                                                   std::size_t) const noexcept {
    if (const std::size_t drop = hopeless_heads(model_, queue, target_, now); drop > 0)
      return drop_oldest(drop);
    return take_oldest(std::min(queue.size(), target_));
  }

 private:
  carpool::simulate::lane_model model_;
  std::size_t target_;
};

}  // namespace bench
