// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace carpool::test {

/// Whether a text in Prometheus' format has this line.
inline bool has_line(const std::string& text, std::string_view line) {
  return ('\n' + text).find('\n' + std::string(line) + '\n') != std::string::npos;
}

/// The value of a series, which is named as the text does. Throws std::invalid_argument where it is absent.
inline double value_of(const std::string& text, const std::string& series) {
  const auto at = ('\n' + text).find('\n' + series + ' ');
  if (at == std::string::npos) throw std::invalid_argument("no metric " + series);
  return std::stod(text.substr(at + series.size() + 1));
}

}  // namespace carpool::test
