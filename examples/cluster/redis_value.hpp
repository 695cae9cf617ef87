// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cluster {

/// A reply of Redis: a text, which may be a number's, or a list, where a map is the list of its keys and
/// values.
struct redis_value {
  enum class kind { nothing, text, list, error };

  kind what = kind::nothing;
  std::string text = {};                ///< of a text or an error
  std::vector<redis_value> items = {};  ///< of a list
};

/// A field of an entry of a stream, whose fields and values follow each other in `fields`; empty if there is
/// none.
inline std::string field(const redis_value& fields, std::string_view name) {
  for (std::size_t i = 0; i + 1 < fields.items.size(); i += 2)
    if (fields.items[i].text == name) return fields.items[i + 1].text;
  return {};
}

/// A command with its arguments.
using redis_command = std::vector<std::string>;

}  // namespace cluster
