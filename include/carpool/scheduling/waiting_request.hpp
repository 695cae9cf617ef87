// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

#include <cstdint>

namespace carpool::scheduling {

/// What the scheduler knows of a request: facts, and a handle that means something to the shell only.
struct waiting_request {
  time_point arrival{};
  time_point deadline = never;
  time_point leave_by = never;  ///< a policy may not hold it for company beyond this while a lane is free
  double work = 1;        ///< cost in the user's unit; 1 per request unless a work function says otherwise
  std::uint64_t key = 0;  ///< with whom it shares a queue's fair share and size
  double fair_tag = 0;    ///< start in virtual time, set by the scheduler if it shares fairly between keys
  void* handle = nullptr;
  std::int16_t priority =
      0;                     ///< higher is served first; so wide that a new request has one word of all these
  bool aged = false;         ///< has waited so long that no priority is served before it any more
  bool failed_over = false;  ///< was in a batch whose device was lost, and is not run again after another
  std::uint32_t ride = 0;    ///< shares its run with the others of this number; 0: with nobody
};

}  // namespace carpool::scheduling
