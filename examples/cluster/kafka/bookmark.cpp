// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "bookmark.hpp"

#include <charconv>
#include <system_error>

namespace cluster {
namespace {

constexpr std::string_view begins = "carpool 1 ";  // and the version

template <class Number>
bool take_number(std::string_view& text, Number& value) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return ec == std::errc{};
}

}  // namespace

std::string metadata_of(const bookmark& mark) {
  if (mark.begun <= mark.offset) return {};
  return std::string(begins) + std::to_string(mark.begun) + ' ' + std::to_string(mark.times);
}

bookmark parse_bookmark(std::int32_t partition, std::int64_t offset, std::string_view metadata) {
  const bookmark nothing{.partition = partition, .offset = offset, .begun = offset};
  if (!metadata.starts_with(begins)) return nothing;
  metadata.remove_prefix(begins.size());
  bookmark found = nothing;
  if (!take_number(metadata, found.begun) || !metadata.starts_with(' ')) return nothing;
  metadata.remove_prefix(1);
  if (!take_number(metadata, found.times) || !metadata.empty() || found.begun <= offset) return nothing;
  return found;
}

}  // namespace cluster
