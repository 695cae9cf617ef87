// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What all readers of requests do with the members of a JSON object. Each of these throws api_error (invalid)
// whose param names the field at fault.

#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace embed_server {

[[noreturn]] void refuse_field(const std::string& field, const std::string& message);

/// The member, or null when it is absent or null.
const boost::json::value* find_field(const boost::json::object& from, std::string_view field);

/// The member, which must be true or false; `otherwise` when it is absent or null.
bool read_bool(const boost::json::object& from, const std::string& field, bool otherwise);

/// Refuses TEI's `truncation_direction` unless it is the end of a text: its meaning would be lost if it were
/// ignored.
void check_truncation_direction(const boost::json::object& from);

/// Refuses more than `most` texts in one request.
void check_batch_size(const std::string& field, std::size_t count, std::size_t most);

}  // namespace embed_server
