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
  if (command.size() < 3 || command[0] != "XADD" || !command[1].starts_with(prefix_)) return;
  const std::string_view stream = std::string_view(command[1]).substr(prefix_.size());
  const std::string id = id_in(command);
  if (stream == "req") {
    by_id_[id].asked = true;
    ++requests_;
  }
  if (stream.starts_with("rep:") && ++by_id_[id].replies > 1) ++repeated_;
}

std::size_t history::unanswered() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      by_id_, [](const auto& each) { return each.second.asked && each.second.replies == 0; }));
}

}  // namespace chaos
