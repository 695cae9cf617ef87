// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <string>
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

/// A command with its arguments.
using redis_command = std::vector<std::string>;

}  // namespace cluster
