// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cluster {

/// What a worker made of a text.
struct text_result {
  std::vector<float> values = {};  ///< the vector of the text; or those of its tokens, one after the other
  std::uint32_t tokens = 0;        ///< that the text has

  friend bool operator==(const text_result&, const text_result&) = default;
};

/// Why there is no result. The numbers travel: they are never given another meaning.
enum class failure_code : std::uint8_t {
  too_long = 1,      ///< the text, which must not be cut
  not_utf8 = 2,      ///<
  empty = 3,         ///< it has nothing that the model could embed
  unsupported = 4,   ///< the model does not have what is asked for
  expired = 5,       ///< the deadline passed
  model_failed = 6,  ///< the model threw
  unavailable = 7,   ///< the worker cannot run its model, now or any more
  unreadable = 8,    ///< the payload is malformed, or of a version that the worker does not know
  poisonous = 9,     ///< each of the workers that tried it went away
};

struct text_failure {
  failure_code code = failure_code::model_failed;
  std::string message;  ///< for people; at most 65535 bytes travel

  friend bool operator==(const text_failure&, const text_failure&) = default;
};

/// A worker's answer to a text_request.
using text_reply = std::variant<text_result, text_failure>;

/// The bytes that travel: floats are raw and little-endian.
std::string encode(const text_reply& reply);

/// Throws wire_error for anything but what encode makes.
text_reply parse_text_reply(std::string_view payload);

}  // namespace cluster
