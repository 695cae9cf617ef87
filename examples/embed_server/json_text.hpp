// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>

#include <string>
#include <string_view>

namespace embed_server {

/// A text as JSON writes it, in quotes.
inline std::string json_string(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text));
}

}  // namespace embed_server
