// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "offset_ledger.hpp"

namespace cluster {

std::string offset_ledger::begin(const position& delivered) {
  progress& state = partitions_[delivered.partition];
  state.unfinished.insert(delivered.offset);
  state.next = delivered.offset + 1;
  std::string entry = std::to_string(delivered.partition) + ":" + std::to_string(delivered.offset) + "#" +
                      std::to_string(++deliveries_);
  entries_.emplace(entry, delivered);
  return entry;
}

std::optional<offset_ledger::position> offset_ledger::finish(const std::string& entry) {
  const auto found = entries_.find(entry);
  if (found == entries_.end()) return std::nullopt;
  const position finished = found->second;
  entries_.erase(found);
  progress& state = partitions_[finished.partition];
  const std::int64_t before = state.committable();
  state.unfinished.erase(finished.offset);
  if (state.committable() == before) return std::nullopt;
  return position{finished.partition, state.committable()};
}

void offset_ledger::forget(std::int32_t partition) {
  partitions_.erase(partition);
  std::erase_if(entries_, [&](const auto& each) { return each.second.partition == partition; });
}

}  // namespace cluster
