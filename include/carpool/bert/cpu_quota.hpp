// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

namespace carpool::bert {

/// The CPU time per time that the control groups of this process leave it, as containers and systemd's
/// CPUQuota are limited (Linux, cgroup v2); infinity if there is no limit. `own` names the group, and `root`
/// is where all of them lie.
inline double cpu_quota(const std::filesystem::path& own = "/proc/self/cgroup",
                        const std::filesystem::path& root = "/sys/fs/cgroup") {
  double quota = std::numeric_limits<double>::infinity();
  const auto look_at = [&](const std::filesystem::path& group) {
    std::ifstream file{group / "cpu.max"};  // "150000 100000" or "max 100000", in microseconds
    double time = 0;
    double period = 0;
    if (file >> time >> period && time > 0 && period > 0) quota = std::min(quota, time / period);
  };
  std::ifstream groups{own};
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;  // the others are those of version 1
    std::filesystem::path group = root;
    look_at(group);
    for (const std::filesystem::path& part : std::filesystem::path{line.substr(4)}) look_at(group /= part);
  }
  return quota;
}

}  // namespace carpool::bert
