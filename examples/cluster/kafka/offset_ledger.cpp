// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "offset_ledger.hpp"

#include <algorithm>

namespace cluster {

std::uint64_t offset_ledger::progress::times(std::int64_t offset) const {
  if (offset >= before_us.begun) return 1;
  return offset == before_us.offset ? before_us.times + 1 : 2;
}

void offset_ledger::progress::begin(std::int64_t offset) {
  unfinished.insert(offset);
  next = offset + 1;
}

bookmark offset_ledger::progress::mark(std::int32_t partition) const {
  const std::int64_t first = committable();
  const std::uint64_t others = times(first) - 1;
  return {.partition = partition,
          .offset = first,
          .begun = std::max(next, before_us.begun),
          .times = unfinished.empty() ? others : others + 1};
}

void offset_ledger::open(const bookmark& committed) {
  progress& state = partitions_[committed.partition];
  state.before_us = committed;
  state.next = committed.offset;
}

std::uint64_t offset_ledger::times(const position& delivered) const {
  const auto found = partitions_.find(delivered.partition);
  return found == partitions_.end() ? 1 : found->second.times(delivered.offset);
}

std::vector<bookmark> offset_ledger::before(const std::vector<position>& delivered) const {
  std::map<std::int32_t, progress> then;
  for (const position& each : delivered) {
    const auto found = partitions_.find(each.partition);
    const auto now = found == partitions_.end() ? progress{} : found->second;
    then.try_emplace(each.partition, now).first->second.begin(each.offset);
  }
  std::vector<bookmark> marks;
  for (const auto& [partition, state] : then) marks.push_back(state.mark(partition));
  return marks;
}

std::string offset_ledger::begin(const position& delivered) {
  partitions_[delivered.partition].begin(delivered.offset);
  std::string entry = std::to_string(delivered.partition) + ":" + std::to_string(delivered.offset) + "#" +
                      std::to_string(++deliveries_);
  entries_.emplace(entry, delivered);
  return entry;
}

std::optional<bookmark> offset_ledger::finish(const std::string& entry) {
  const auto found = entries_.find(entry);
  if (found == entries_.end()) return std::nullopt;
  const position finished = found->second;
  entries_.erase(found);
  progress& state = partitions_[finished.partition];
  const std::int64_t before = state.committable();
  state.unfinished.erase(finished.offset);
  if (state.committable() == before) return std::nullopt;
  return state.mark(finished.partition);
}

bookmark offset_ledger::mark(std::int32_t partition) const {
  return partitions_.at(partition).mark(partition);
}

void offset_ledger::forget(std::int32_t partition) {
  partitions_.erase(partition);
  std::erase_if(entries_, [&](const auto& each) { return each.second.partition == partition; });
}

}  // namespace cluster
