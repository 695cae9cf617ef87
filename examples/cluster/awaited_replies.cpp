// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "awaited_replies.hpp"

#include <charconv>
#include <system_error>

namespace cluster {
namespace {

// A number with something behind it, which are both taken off; empty if there is no number.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take_dash(std::string_view& text) {
  if (!text.starts_with('-')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::uint64_t awaited_replies::expect(std::size_t texts) {
  open_.emplace(next_, submission_state{std::vector<bool>(texts), texts});
  return next_++;
}

std::string awaited_replies::id(std::uint64_t submission, std::size_t index) const {
  return gateway_ + '-' + std::to_string(submission) + '-' + std::to_string(index);
}

std::optional<awaited_replies::place> awaited_replies::take(std::string_view id) {
  auto found = find(id);
  if (!found) {
    ++unwanted_;
    return found;
  }
  auto& state = open_.at(found->submission);
  state.taken[found->index] = true;
  found->last = --state.missing == 0;
  if (found->last) open_.erase(found->submission);
  return found;
}

// The place that waits for this id.
std::optional<awaited_replies::place> awaited_replies::find(std::string_view id) {
  if (!id.starts_with(gateway_)) return std::nullopt;
  id.remove_prefix(gateway_.size());
  if (!take_dash(id)) return std::nullopt;
  const auto submission = take_number(id);
  if (!submission || !take_dash(id)) return std::nullopt;
  const auto index = take_number(id);
  const auto open = open_.find(*submission);
  if (!index || !id.empty() || open == open_.end()) return std::nullopt;
  const auto& taken = open->second.taken;
  if (*index >= taken.size() || taken[*index]) return std::nullopt;
  return place{.submission = *submission, .index = *index};
}

}  // namespace cluster
