// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fault_window.hpp"
#include "simulation/dice.hpp"

#include <functional>
#include <string>
#include <vector>

namespace chaos {

class crew;
class stage;
class spread_stage;

/// Something that can be done to a cluster.
struct fault {
  std::string name;
  effects may;
  /// Does it and undoes it; nobody need have recovered when it returns. Throws std::exception if it cannot.
  std::function<void(carpool::test::dice&)> inflict;
};

/// To workers. No caller hears of any of them, apart from waiting longer.
std::vector<fault> worker_faults(crew& crew);

/// To workers and their links. Likewise.
std::vector<fault> worker_faults(stage& cluster);
std::vector<fault> worker_faults(spread_stage& cluster);

/// To Redis and to the links of gateways to it.
std::vector<fault> redis_faults(stage& cluster);

/// To the servers of a Redis Cluster.
std::vector<fault> redis_faults(spread_stage& cluster);

}  // namespace chaos
