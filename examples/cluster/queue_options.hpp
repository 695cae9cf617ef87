// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "lease.hpp"
#include "redis_settings.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace cluster {

/// What every program of a cluster is told of its queue.
struct queue_options {
  std::string redis = "127.0.0.1:6379";  ///< HOST:PORT, or unix:PATH
  bool tls = false;
  std::string tls_ca;  ///< PEM file; empty: the system's authorities
  std::string user = "default";
  std::string password_file;  ///< empty: none
  std::string queue = "default";
  cluster::lease lease;
  bool check = false;  ///< look at Redis, say what is wrong with it and end

  // Of gateways only.
  std::size_t max_outstanding = 4096;  ///< texts in a shard at once
  std::string tokenizer;               ///< folder of the workers' model; empty: no /tokenize, no /decode

  // Of workers only.
  std::size_t shards = 1;                     ///< that the queue has at least
  std::optional<std::uint16_t> metrics_port;  ///< empty: nothing is told over HTTP
  std::string metrics_host = "127.0.0.1";
};

/// Adds their options to a command line.
void add_queue_options(CLI::App& app, queue_options& options);

/// Adds those that only gateways have.
void add_gateway_options(CLI::App& app, queue_options& options);

/// Adds those that only workers have.
void add_worker_options(CLI::App& app, queue_options& options);

/// Throws an exception with one sentence that names the option at fault.
redis_settings settings_of(const queue_options& given);

}  // namespace cluster
