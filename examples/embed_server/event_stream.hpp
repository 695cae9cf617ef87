// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Server-sent events, as browsers' EventSource reads them.

#pragma once

#include <string>
#include <string_view>

namespace embed_server {

inline constexpr const char* event_stream_type = "text/event-stream";

/// One event of these lines, each of which ends with a newline, but for those that begin with '#'.
inline std::string to_event(std::string_view lines) {
  std::string event;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n') + 1);
    if (!line.starts_with('#')) event.append("data: ").append(line);
    lines.remove_prefix(line.size());
  }
  return event += '\n';
}

}  // namespace embed_server
