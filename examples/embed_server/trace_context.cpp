// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "trace_context.hpp"

#include "random_id.hpp"

#include <algorithm>
#include <utility>

namespace embed_server {
namespace {

constexpr std::size_t trace_id_size = 32, span_id_size = 16;
constexpr std::size_t traceparent_size = 2 + 1 + trace_id_size + 1 + span_id_size + 1 + 2;

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) { return is_lower_hex(text) && text.find_first_not_of('0') != text.npos; }

}  // namespace

// version "-" trace-id "-" parent-id "-" trace-flags; later versions may go on after another "-".
std::optional<trace_parent> parse_traceparent(std::string_view value) {
  constexpr std::size_t size = traceparent_size;
  if (value.size() < size || value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
  const auto version = value.substr(0, 2), flags = value.substr(53, 2);
  if (!is_lower_hex(version) || version == "ff" || !is_lower_hex(flags)) return std::nullopt;
  if (value.size() > size && (version == "00" || value[size] != '-')) return std::nullopt;
  const auto trace_id = value.substr(3, trace_id_size), parent_id = value.substr(36, span_id_size);
  if (!is_id(trace_id) || !is_id(parent_id)) return std::nullopt;
  const std::string_view odd = "13579bdf";  // the lowest bit is the only one that every version has
  return trace_parent{std::string(trace_id), std::string(parent_id), odd.find(flags[1]) != odd.npos};
}

trace_span begin_span(const std::optional<trace_parent>& caller) {
  if (!caller) return {random_id(trace_id_size), "", random_id(span_id_size), false};
  return {caller->trace_id, caller->parent_id, random_id(span_id_size), caller->sampled};
}

std::string to_traceparent(const trace_span& span) {
  std::string text;
  text.reserve(traceparent_size);
  text.append("00-").append(span.trace_id).append("-").append(span.span_id);
  return std::move(text.append(span.sampled ? "-01" : "-00"));
}

}  // namespace embed_server
