// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "worker_desk.hpp"

#include <algorithm>
#include <utility>

namespace cluster {

worker_desk::step worker_desk::next() const {
  if (stopping_) return held_.empty() ? step::leave : step::wait;
  if (!abandoned_.empty()) return held_.empty() ? step::adopt : step::wait;
  return room() > 0 ? step::receive : step::wait;
}

std::size_t worker_desk::room() const {
  if (stopping_ || alone_ || !abandoned_.empty()) return 0;
  return limits_.capacity - std::min(limits_.capacity, held_.size());
}

void worker_desk::found(const std::vector<abandoned_entry>& entries) {
  abandoned_.clear();
  for (const auto& each : entries)
    if (!held_.contains(each.entry)) abandoned_.push_back(each.entry);
}

std::string worker_desk::next_abandoned() {
  std::string entry = std::move(abandoned_.front());
  abandoned_.pop_front();
  return entry;
}

bool worker_desk::begin(const delivery& received, carpool::time_point now) {
  held_[received.entry] = now;
  alone_ = alone_ || received.times > 1;
  return received.times <= limits_.tries;
}

void worker_desk::end(const std::string& entry) {
  held_.erase(entry);
  if (held_.empty()) alone_ = false;
}

std::vector<std::string> worker_desk::refresh(carpool::time_point now) {
  std::vector<std::string> due;
  for (auto& [entry, heard] : held_) {
    if (now - heard < limits_.lease.refresh_interval()) continue;
    heard = now;
    due.push_back(entry);
  }
  return due;
}

carpool::time_point worker_desk::next_refresh() const {
  auto earliest = carpool::time_point::max();
  for (const auto& [entry, heard] : held_)
    earliest = std::min(earliest, heard + limits_.lease.refresh_interval());
  return earliest;
}

}  // namespace cluster
