// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "stream_model.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace carpool::test {

/// A queue in several shards, and the number of them that stands in Redis. Entries are called "SHARD/ENTRY".
/// Not thread-safe.
class shards_model {
 public:
  static constexpr std::size_t most = 3;

  explicit shards_model(bug planted)
      : shards_{stream_model{planted}, stream_model{planted}, stream_model{planted}} {}

  stream_model& shard(std::size_t number) { return shards_.at(number); }

  /// The number that stands there, after it has been raised if it was lower.
  std::size_t add_shards(std::size_t at_least) { return number_ = std::max(number_, at_least); }
  std::size_t find_shards() const { return number_; }

  /// From the first `known` shards, the one with this number first.
  std::vector<cluster::delivery> read(const std::string& consumer, std::size_t count, time_point now,
                                      std::size_t known, std::size_t first) {
    std::vector<cluster::delivery> all;
    for (std::size_t i = 0; i < known && all.size() < count; ++i) {
      const std::size_t number = (first + i) % known;
      for (auto& each : shards_[number].read(consumer, count - all.size(), now)) {
        each.entry = std::to_string(number) + '/' + each.entry;
        all.push_back(std::move(each));
      }
    }
    return all;
  }

  std::vector<cluster::abandoned_entry> idle(const cluster::lease& lease, time_point now,
                                             std::size_t known) const {
    std::vector<cluster::abandoned_entry> all;
    for (std::size_t number = 0; number < known; ++number)
      for (const auto& each : shards_[number].idle(lease, now))
        all.push_back({std::to_string(number) + '/' + each.entry, each.times});
    return all;
  }

  std::optional<cluster::delivery> claim(const std::string& entry, const std::string& consumer,
                                         const cluster::lease& lease, time_point now) {
    auto claimed = of(entry).claim(name(entry), consumer, lease, now);
    if (claimed) claimed->entry = entry;
    return claimed;
  }

  void refresh(const std::vector<std::string>& entries, const std::string& consumer, time_point now) {
    for (const auto& each : entries) of(each).refresh({name(each)}, consumer, now);
  }

  void finish(cluster::delivery done, const std::string& payload) {
    stream_model& shard = of(done.entry);
    done.entry = name(done.entry);
    shard.finish(done, payload);
  }

  void reject(cluster::delivery dead, const std::string& payload) {
    stream_model& shard = of(dead.entry);
    dead.entry = name(dead.entry);
    shard.reject(dead, payload);
  }

  std::vector<stream_model::reply> take_replies(const std::string& key) {
    std::vector<stream_model::reply> all;
    for (auto& each : shards_) std::ranges::move(each.take_replies(key), std::back_inserter(all));
    return all;
  }

  void flush() {
    for (auto& each : shards_) each.flush();
    number_ = 1;
  }

  std::size_t length() const { return sum(&stream_model::length); }
  std::size_t pending() const { return sum(&stream_model::pending); }

 private:
  stream_model& of(const std::string& entry) { return shards_.at(std::stoul(entry)); }
  static std::string name(const std::string& entry) { return entry.substr(entry.find('/') + 1); }
  std::size_t sum(std::size_t (stream_model::*of_one)() const) const {
    std::size_t all = 0;
    for (const auto& each : shards_) all += (each.*of_one)();
    return all;
  }

  std::array<stream_model, most> shards_;
  std::size_t number_ = 1;
};

}  // namespace carpool::test
