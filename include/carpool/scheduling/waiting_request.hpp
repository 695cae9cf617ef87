// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/time.hpp>

namespace carpool::scheduling {

/// What the scheduler knows of a request: facts, and a handle that means something to the shell only.
struct waiting_request {
  time_point arrival{};
  time_point deadline = never;
  time_point leave_by = never;  ///< a policy may not hold it for company beyond this while a lane is free
  double work = 1;  ///< cost in the user's unit; 1 per request unless a work function says otherwise
  void* handle = nullptr;
};

}  // namespace carpool::scheduling
