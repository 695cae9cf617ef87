// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/lane_set.hpp>
#include <carpool/execution/spare_memory.hpp>

#include <memory>
#include <utility>

namespace carpool::execution {

/// One turn of a lane on the model executor, `owner.take_turn(lane)`. If that executor drops it, nothing can
/// run there any more, and it is `owner.lose_turn(lane)`.
template <class Owner>
class posted_turn {
 public:
  using allocator_type = spare_allocator<void>;

  posted_turn(std::shared_ptr<Owner> owner, lane_slot& slot) noexcept
      : owner_(std::move(owner)), lane_(&slot) {}
  posted_turn(posted_turn&&) noexcept = default;
  posted_turn& operator=(posted_turn&&) = delete;
  ~posted_turn() {
    if (owner_) owner_->lose_turn(*lane_);
  }

  [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(lane_->for_wake_up); }

  void operator()() {
    const auto owner = std::move(owner_);
    owner->take_turn(*lane_);
  }

 private:
  std::shared_ptr<Owner> owner_;
  lane_slot* lane_;
};

}  // namespace carpool::execution
