// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <array>
#include <string_view>

namespace embed_server {

/// SHA-256 of a key: all that is kept of one.
using key_digest = std::array<unsigned char, 32>;

key_digest digest_of(std::string_view key);

/// Takes as long whether they are equal or not.
bool equal(const key_digest& a, const key_digest& b) noexcept;

}  // namespace embed_server
