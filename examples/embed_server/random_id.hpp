// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <string>

namespace embed_server {

/// So many random hexadecimal digits in lower case, a multiple of 16: unlike any others for as long as
/// anybody looks at logs. For names, not for secrets. Thread-safe.
std::string random_id(std::size_t digits);

}  // namespace embed_server
