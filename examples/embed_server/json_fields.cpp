// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "json_fields.hpp"

#include "api_error.hpp"

namespace embed_server {

void refuse_field(const std::string& field, const std::string& message) {
  throw api_error{problem::invalid, message, field};
}

const boost::json::value* find_field(const boost::json::object& from, std::string_view field) {
  const auto* value = from.if_contains(field);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

bool read_bool(const boost::json::object& from, const std::string& field, bool otherwise) {
  const auto* value = find_field(from, field);
  if (value == nullptr) return otherwise;
  if (!value->is_bool()) refuse_field(field, field + " must be true or false");
  return value->as_bool();
}

void check_truncation_direction(const boost::json::object& from) {
  const auto* direction = find_field(from, "truncation_direction");
  if (direction != nullptr && *direction != "right" && *direction != "Right")
    refuse_field("truncation_direction", "truncation_direction must be \"right\"");
}

void check_batch_size(const std::string& field, std::size_t count, std::size_t most) {
  if (count <= most) return;
  refuse_field(
      field, "batch size " + std::to_string(count) + " > maximum allowed batch size " + std::to_string(most));
}

}  // namespace embed_server
