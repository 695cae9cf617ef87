// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "history.hpp"

#include <algorithm>

namespace chaos {
namespace {

// The id of a request that is added to a stream, or replied to; empty if there is none.
std::string id_in(const std::vector<std::string>& command) {
  const auto name = std::find(command.begin() + 2, command.end(), "id");
  return name == command.end() || name + 1 == command.end() ? "" : *(name + 1);
}

}  // namespace

void history::add(const std::vector<std::string>& command) {
  if (command.size() < 3 || !command[1].starts_with(prefix_)) return;
  const std::string_view stream = std::string_view(command[1]).substr(prefix_.size());
  const std::string id = id_in(command);
  if (command[0] == "XADD" && stream == "req") {
    by_id_[id].asked = true;
    open_[command[2]] = id;
    ++requests_;
  }
  if (command[0] == "XADD" && stream.starts_with("rep:") && ++by_id_[id].replies > 1) ++repeated_;
  if (stream != "req") return;
  if (command[0] == "XACK")  // a worker has finished them, and only then they are deleted
    for (std::size_t i = 3; i < command.size(); ++i) open_.erase(command[i]);
  if (command[0] == "XDEL")
    for (std::size_t i = 2; i < command.size(); ++i)
      if (const auto taken = open_.extract(command[i])) by_id_[taken.mapped()].withdrawn = true;
}

std::size_t history::unanswered() const {
  return static_cast<std::size_t>(std::ranges::count_if(by_id_, [](const auto& each) {
    return each.second.asked && each.second.replies == 0 && !each.second.withdrawn;
  }));
}

std::size_t history::withdrawn() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      by_id_, [](const auto& each) { return each.second.replies == 0 && each.second.withdrawn; }));
}

}  // namespace chaos
