// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "stream_model.hpp"

#include <algorithm>
#include <utility>

namespace carpool::test {

using cluster::abandoned_entry;
using cluster::delivery;

std::vector<std::string> stream_model::admit(const std::vector<delivery>& requests, std::size_t cap) {
  std::vector<std::string> added;
  if (planted_ != bug::admission_looks_first && !has_room(requests.size(), cap)) return added;
  for (const delivery& each : requests) {
    added.push_back(std::to_string(next_));
    delivery& entry = entries_[next_++] = each;
    entry.entry = added.back();
  }
  if (planted_ == bug::requests_are_trimmed)
    while (entries_.size() > cap / 2) entries_.erase(entries_.begin());
  return added;
}

void stream_model::withdraw(const std::string& entry) { entries_.erase(std::stoull(entry)); }

std::vector<delivery> stream_model::read(const std::string& consumer, std::size_t count, time_point now) {
  std::vector<delivery> taken;
  for (auto at = entries_.upper_bound(last_read_); at != entries_.end() && taken.size() < count; ++at) {
    taken.push_back(at->second);
    last_read_ = at->first;
    pending_[at->second.entry] = {consumer, now};
  }
  if (planted_ == bug::acknowledged_when_read)
    for (const delivery& each : taken) remove(each.entry);
  return taken;
}

std::vector<abandoned_entry> stream_model::idle(const cluster::lease& lease, time_point now) const {
  std::vector<abandoned_entry> found;
  for (const auto& [entry, state] : pending_)
    if (now - state.heard >= lease.time || planted_ == bug::claim_takes_the_living)
      found.push_back({entry, state.times});
  return found;
}

std::optional<delivery> stream_model::claim(const std::string& entry, const std::string& consumer,
                                            const cluster::lease& lease, time_point now) {
  const auto found = pending_.find(entry);
  if (found == pending_.end()) return std::nullopt;
  if (now - found->second.heard < lease.time && planted_ != bug::claim_takes_the_living) return std::nullopt;
  const auto content = entries_.find(std::stoull(entry));
  if (content == entries_.end()) {  // Redis 7 forgets it then
    pending_.erase(found);
    return std::nullopt;
  }
  found->second = {consumer, now, found->second.times + 1};
  delivery claimed = content->second;
  claimed.times = found->second.times;
  return claimed;
}

void stream_model::refresh(const std::vector<std::string>& entries, const std::string& consumer,
                           time_point now) {
  for (const std::string& each : entries) {
    const auto found = pending_.find(each);
    if (found == pending_.end()) continue;
    found->second.consumer = consumer;
    found->second.heard = now;
    if (planted_ == bug::refresh_counts_as_delivery) ++found->second.times;
  }
}

bool stream_model::finish(const delivery& done, const std::string& payload) {
  const bool first = done_.insert(done.id).second;
  if (first || planted_ == bug::reply_every_time) replies_[done.reply_to].push_back({done.id, payload});
  remove(done.entry);
  return first;
}

void stream_model::reject(const delivery& dead, const std::string& payload) {
  if (done_.insert(dead.id).second) {
    dead_letters_.push_back(dead);
    if (planted_ != bug::rejected_without_reply) replies_[dead.reply_to].push_back({dead.id, payload});
  }
  remove(dead.entry);
}

std::vector<stream_model::reply> stream_model::take_replies(const std::string& key) {
  return std::exchange(replies_[key], {});
}

void stream_model::flush() {
  entries_.clear();
  pending_.clear();
  done_.clear();
  replies_.clear();
}

void stream_model::remove(const std::string& entry) {
  pending_.erase(entry);
  if (planted_ != bug::finished_stay) entries_.erase(std::stoull(entry));
}

}  // namespace carpool::test
