// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <string>
#include <string_view>

namespace carpool {

/// A text in quotation marks as JSON wants it (RFC 8259, section 7); bytes from 0x20 on are kept as they are.
[[nodiscard]] inline std::string json_string(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result.append({'\\', c});
    } else if (byte < 0x20) {
      result.append("\\u00").append({digits[byte >> 4U], digits[byte & 15U]});
    } else {
      result.push_back(c);
    }
  }
  return result + '"';
}

}  // namespace carpool
