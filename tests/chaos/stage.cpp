// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "stage.hpp"

#include "await_empty.hpp"

#include <boost/asio/local/stream_protocol.hpp>

namespace chaos {
namespace {

using unix_socket = boost::asio::local::stream_protocol::endpoint;

}  // namespace

// Its log of commands is never written anew, so that it tells all that happened.
stage::stage(std::size_t gateways, std::size_t workers)
    : redis_({"--auto-aof-rewrite-percentage", "0"}),
      gateway_links_(add_links(gateways)),
      worker_links_(add_links(workers)),
      crew_(addresses_of(gateway_links_), addresses_of(worker_links_), {}) {
  crew_.start();
}

stage::links stage::add_links(std::size_t count) {
  links added;
  for (std::size_t i = 0; i < count; ++i) added.push_back(&network_.add({unix_socket{redis_.socket()}}));
  return added;
}

std::vector<std::string> stage::addresses_of(const links& of) {
  std::vector<std::string> addresses;
  for (const redis_link* each : of) addresses.push_back(each->address());
  return addresses;
}

std::string stage::await_empty_queue() {
  return await_empty("{cp:default}", [&](const std::string& command) { return redis_.ask(command); });
}

}  // namespace chaos
