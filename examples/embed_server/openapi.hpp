// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/json/object.hpp>

namespace embed_server {

/// What the server understands and answers, as an OpenAPI 3.1 document: made of the routes, what
/// operations.cpp says of them, api_schemas and the table of errors, so that it knows of all there is.
boost::json::object openapi_document();

}  // namespace embed_server
