// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "spread_stage.hpp"

#include "await_empty.hpp"
#include "support/await.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <fmt/format.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace chaos {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::tcp;
using carpool::test::await;
using carpool::test::redis_cluster;
using unix_socket = boost::asio::local::stream_protocol::endpoint;

constexpr std::size_t shards = 6;  // so many that each server has one, which a test of cluster/ checks

std::string prefix_of(std::size_t shard) {
  return shard == 0 ? "{cp:default}" : fmt::format("{{cp:default:{}}}", shard);
}

}  // namespace

spread_stage::spread_stage(std::size_t gateways, std::size_t workers)
    : redis_(std::chrono::seconds{2}, {},  // longer than a server waits for a processor
             [this](const redis_cluster& redis, std::size_t server) { lead_to(redis, server); }),
      way_in_(complete()),
      crew_(std::vector(gateways, way_in_.address()), std::vector(workers, way_in_.address()),
            {"--shards", std::to_string(shards)}) {
  crew_.start();
  await_recovery();
}

void spread_stage::lead_to(const redis_cluster& redis, std::size_t server) {
  const tcp::endpoint bus{boost::asio::ip::address_v4::loopback(), redis.bus(server)};
  server_links_.push_back(&network_.add({unix_socket{redis.socket(server)}}, redis.client_port(server)));
  bus_links_.push_back(&network_.add({bus}, redis.bus_port(server)));
}

// Gives each master a replica, which reaches it by the master's link.
redis_link& spread_stage::complete() {
  std::vector<redis_link::endpoint> sockets;
  for (std::size_t i = 0; i < redis_cluster::masters; ++i) redis_.add_replica(i);
  for (std::size_t i = 0; i < redis_.servers(); ++i) sockets.emplace_back(unix_socket{redis_.socket(i)});
  await([&] { return redis_.is_whole(); });
  return network_.add(sockets);
}

void spread_stage::isolate(std::size_t server) {
  std::set<address> others;
  for (std::size_t i = 0; i < redis_.servers(); ++i)
    if (i != server) others.insert(boost::asio::ip::make_address(redis_.source(i)));
  const std::set<address> it{boost::asio::ip::make_address(redis_.source(server))};
  for (const auto* const links : {&server_links_, &bus_links_})
    for (std::size_t i = 0; i < links->size(); ++i) (*links)[i]->stall_from(i == server ? others : it);
}

void spread_stage::reunite() {
  for (const auto* const links : {&server_links_, &bus_links_})
    for (redis_link* each : *links) each->stall_from({});
}

// Requests of nobody in particular go to the shards by turns, which callers also take.
void spread_stage::await_answers() { crew_.await_answers(2 * shards); }

void spread_stage::await_recovery() {
  await([&] { return redis_.is_whole(); });
  await_answers();
}

std::string spread_stage::await_empty_queue() {
  std::string left;
  for (std::size_t i = 0; i < shards && left.empty(); ++i)
    left = await_empty(prefix_of(i), [&](const std::string& command) { return redis_.ask_owner(command); });
  return left;
}

std::size_t spread_stage::dead_letters() const {
  std::size_t letters = 0;
  for (std::size_t i = 0; i < shards; ++i)
    letters += std::stoul(redis_.ask_owner("XLEN '" + prefix_of(i) + ":dead'"));
  return letters;
}

}  // namespace chaos
