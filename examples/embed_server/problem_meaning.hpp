// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "api_error.hpp"

namespace embed_server {

/// What a problem means, in a few words for those who read the description of the server.
const char* meaning_of(problem what);

}  // namespace embed_server
