// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/options.hpp>
#include <carpool/scheduling/queue_rules.hpp>
#include <carpool/scheduling/queue_view.hpp>

namespace carpool::execution {

/// The part of the options that a policy sees.
[[nodiscard]] inline scheduling::limits limits_of(const options& given) noexcept {
  return {.max_batch_size = given.max_batch_size,
          .max_queue_delay = given.max_queue_delay,
          .lanes = given.lanes,
          .max_batch_work = given.max_batch_work,
          .batch_work = given.batch_work,
          .devices = given.devices};
}

/// The part that the scheduler sees to, whatever the policy.
[[nodiscard]] inline scheduling::queue_rules rules_of(const options& given) {
  return {.max_size = given.max_queue_size,
          .max_work = given.max_queue_work,
          .max_size_per_key = given.max_queue_size_per_key,
          .refuse_oversize = given.oversize == oversize::refuse,
          .max_overtaking = given.max_overtaking,
          .fair_sharing = given.fair_sharing,
          .key_weight = given.key_weight,
          .hung_after = given.hung_after};
}

}  // namespace carpool::execution
