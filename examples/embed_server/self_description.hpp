// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "http.hpp"

namespace embed_server {

// What the server says of itself, made at the first question. Thread-safe.

/// The answer of /openapi.json.
response openapi_answer();

/// The answer of /docs.
response docs_answer();

}  // namespace embed_server
