// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fault_window.hpp"
#include "simulation/dice.hpp"
#include "stage.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace chaos {

/// Something that can be done to a cluster.
struct fault {
  std::string name;
  effects may;
  /// Does it and undoes it; nobody need have recovered when it returns. Throws std::exception if it cannot.
  std::function<void(stage&, carpool::test::dice&)> inflict;
};

/// To workers and their links. No caller hears of any of them, apart from waiting longer.
std::vector<fault> worker_faults();

/// To Redis and to the links of so many gateways to it.
std::vector<fault> redis_faults(std::size_t gateways);

}  // namespace chaos
