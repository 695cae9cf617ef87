// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace cluster {

/// Time on the wall, which all machines of a cluster share as well as their clocks are set.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// One text on its way from a gateway to a worker. A text and not its tokens, so that gateways need no model.
struct text_request {
  std::string text = {};
  wall_time deadline{};        ///< nobody waits for the result after that
  std::int8_t priority = 0;    ///< as in carpool::submit_options, among the texts that a worker has
  std::uint64_t key = 0;       ///< likewise: whose text it is
  bool truncate = true;        ///< cut what is longer than the model takes; otherwise such a text is an error
  bool token_vectors = false;  ///< the vectors of all tokens instead of one of the text
  std::string traceparent = {};  ///< W3C's, of the request that it belongs to; may be empty

  friend bool operator==(const text_request&, const text_request&) = default;
};

/// The bytes that travel: a version, then that version's fields. Texts of up to 4 GiB, traceparent of up to
/// 255 bytes.
std::string encode(const text_request& request);

/// Throws wire_error for anything but what encode makes; unknown_version goes before malformed.
text_request parse_text_request(std::string_view payload);

}  // namespace cluster
