// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace carpool::test {

/// Whether a text in Prometheus' format has this line.
inline bool has_line(const std::string& text, std::string_view line) {
  return ('\n' + text).find('\n' + std::string(line) + '\n') != std::string::npos;
}

}  // namespace carpool::test
