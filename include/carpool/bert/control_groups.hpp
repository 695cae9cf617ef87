// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

namespace carpool::bert {

/// The control groups of this process, from the outermost on, by which containers and systemd's services are
/// limited (Linux, cgroup v2).
struct control_groups {
  std::filesystem::path own = "/proc/self/cgroup";  ///< a file that names the innermost
  std::filesystem::path root = "/sys/fs/cgroup";    ///< the folder in which all of them lie

  /// The CPU time per time that they leave the process; infinity if there is no limit.
  [[nodiscard]] double cpu_quota() const {
    double quota = std::numeric_limits<double>::infinity();
    for_each("cpu.max", [&](std::ifstream& file) {  // "150000 100000" or "max 100000", in microseconds
      double time = 0;
      double period = 0;
      if (file >> time >> period && time > 0 && period > 0) quota = std::min(quota, time / period);
    });
    return quota;
  }

  /// The bytes of memory that they leave the process and its neighbours in them; the largest number if there
  /// is no limit.
  [[nodiscard]] std::uint64_t memory_limit() const {
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
    for_each("memory.max", [&](std::ifstream& file) {  // a number or "max"
      std::uint64_t bytes = 0;
      if (file >> bytes) limit = std::min(limit, bytes);
    });
    return limit;
  }

 private:
  template <class Read>
  void for_each(const char* setting, const Read& read) const {
    std::ifstream groups{own};
    for (std::string line; std::getline(groups, line);) {
      if (!line.starts_with("0::/")) continue;  // the others are those of version 1
      std::filesystem::path group = root;
      const auto look = [&] {
        std::ifstream file{group / setting};
        read(file);
      };
      look();
      for (const std::filesystem::path& part : std::filesystem::path{line.substr(4)}) {
        group /= part;
        look();
      }
    }
  }
};

}  // namespace carpool::bert
