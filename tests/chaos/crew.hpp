// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/server_process.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chaos {

/// After which a worker that is not heard of counts as dead. Longer than one that works waits for a
/// processor, even where several programs share one.
inline constexpr std::chrono::milliseconds worker_lease{2000};

/// The gateways and workers of a cluster, real processes. Functions about different processes may be called
/// by different threads.
class crew {
 public:
  /// So many of each as there are addresses of Redis for them. Nobody is there before start().
  crew(const std::vector<std::string>& gateways, const std::vector<std::string>& workers,
       std::vector<std::string> worker_options);

  /// Returns when gateways give answers. Throws std::runtime_error if somebody does not start.
  void start();

  std::size_t workers() const { return workers_.size(); }
  void signal_worker(std::size_t number, int signal) { workers_[number].process->signal(signal); }
  void kill_worker(std::size_t number);
  void start_worker(std::size_t number);

  std::vector<std::uint16_t> ports();

  /// Waits until each gateway has answered so many requests, one after the other, with a vector. Throws
  /// std::runtime_error if that takes two minutes.
  void await_answers(std::size_t requests = 1);

  /// Ends all as their operators do; a complaint about each one that had ended before, or ends badly.
  std::vector<std::string> end();

  /// What each of them has printed last.
  std::string logs() const;

 private:
  struct member {
    std::string name;
    std::string redis;
    std::unique_ptr<carpool::test::server_process> process = {};
  };

  std::vector<member> gateways_;
  std::vector<member> workers_;
  std::vector<std::string> worker_options_;
};

}  // namespace chaos
