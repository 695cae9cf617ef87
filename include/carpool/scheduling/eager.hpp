// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/policy.hpp>

#include <algorithm>

namespace carpool {

/// A free lane takes what waits at once, up to max_batch_size; while all lanes are busy the queue gathers. No
/// request is ever held while a lane is free, so a lone request never waits, and load makes the batches large
/// by itself.
class eager : public indifferent_policy {
 public:
  [[nodiscard]] scheduling::action decide(time_point, const scheduling::queue_view& queue,
                                          std::size_t) const noexcept {
    const std::size_t most = queue.bounds().max_batch_size;
    const auto reason = queue.size() >= most ? departure::full
                        : queue.closed()     ? departure::drain
                                             : departure::lane_free;
    return scheduling::dispatch{scheduling::positions::run(0, std::min(queue.size(), most)), reason};
  }
};

}  // namespace carpool
