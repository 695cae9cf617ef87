// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <string_view>

namespace embed_server {

/// JSON: the schemas of what the server reads and writes, by their names, as an OpenAPI 3.1 document has them
/// under components/schemas (JSON Schema, draft 2020-12).
extern const std::string_view api_schemas;

}  // namespace embed_server
