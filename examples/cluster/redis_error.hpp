// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace cluster {

/// Redis does not answer, or not now. What was asked of it may have been done or not.
class redis_unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Redis answered a command with an error, whose first word says which.
class redis_refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;

  bool is(std::string_view code) const {
    const std::string_view text = what();
    return text.starts_with(code) && (text.size() == code.size() || text[code.size()] == ' ');
  }
};

}  // namespace cluster
