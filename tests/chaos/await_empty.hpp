// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <thread>

namespace chaos {

/// Waits until nothing is in a shard of the queue and nothing is pending; what there is, if that takes a
/// minute. `prefix`: of the shard's keys. `ask(command)`: what redis-cli prints.
template <class Ask>
std::string await_empty(const std::string& prefix, Ask ask) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  for (;;) {
    const std::string length = ask("XLEN '" + prefix + ":req'");
    const std::string pending = ask("XPENDING '" + prefix + ":req' w");
    if (length == "0" && pending.starts_with("0")) return "";
    if (std::chrono::steady_clock::now() > until)
      return fmt::format("entries are left in the queue {}: {}; pending: {}", prefix, length, pending);
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
}

}  // namespace chaos
