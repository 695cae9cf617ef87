// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "stage.hpp"

#include "await_empty.hpp"

#include <fmt/format.h>

namespace chaos {

// Its log of commands is never written anew, so that it tells all that happened.
stage::stage(std::size_t gateways, std::size_t workers)
    : redis_({"--auto-aof-rewrite-percentage", "0"}),
      gateway_links_(make_links(gateways)),
      worker_links_(make_links(workers)),
      crew_(addresses_of(gateway_links_), addresses_of(worker_links_), {}) {
  crew_.start();
}

stage::links stage::make_links(std::size_t count) {
  links made;
  for (std::size_t i = 0; i < count; ++i)
    made.push_back(std::make_unique<redis_link>(network_, redis_.socket()));
  return made;
}

std::vector<std::string> stage::addresses_of(const links& of) {
  std::vector<std::string> addresses;
  for (const auto& each : of) addresses.push_back(fmt::format("127.0.0.1:{}", each->port()));
  return addresses;
}

std::string stage::await_empty_queue() {
  return await_empty("{cp:default}", [&](const std::string& command) { return redis_.ask(command); });
}

}  // namespace chaos
