// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "crew.hpp"
#include "network.hpp"
#include "redis_link.hpp"
#include "support/redis_server.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace chaos {

/// A cluster of real processes, each with a link of its own to a real Redis. Functions about different links
/// may be called by different threads.
class stage {
 public:
  stage(std::size_t gateways, std::size_t workers);

  chaos::crew& crew() { return crew_; }
  carpool::test::redis_server& redis() { return redis_; }
  /// Where its files are.
  std::filesystem::path redis_folder() const { return std::filesystem::path(redis_.socket()).parent_path(); }

  std::size_t gateways() const { return gateway_links_.size(); }
  redis_link& gateway_link(std::size_t number) { return *gateway_links_[number]; }
  redis_link& worker_link(std::size_t number) { return *worker_links_[number]; }

  /// Waits until everybody is answered, as they are without faults.
  void await_recovery() { crew_.await_answers(); }

  /// Waits until nothing is in the queue and nothing is pending; what there is, if that takes a minute.
  std::string await_empty_queue();

 private:
  using links = std::vector<redis_link*>;

  links add_links(std::size_t count);
  static std::vector<std::string> addresses_of(const links& of);

  carpool::test::redis_server redis_;
  network network_;
  links gateway_links_;
  links worker_links_;
  chaos::crew crew_;
};

}  // namespace chaos
