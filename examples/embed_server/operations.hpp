// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "routes.hpp"

namespace embed_server {

/// What people and programs are told of an endpoint.
struct operation {
  endpoint to;
  const char* group;         ///< the protocol it belongs to
  const char* summary;       ///< one sentence
  const char* request;       ///< the schema (api_schemas) of the body that it takes; null: it takes none
  const char* answer;        ///< that of the answer; null: an answer that is no JSON, or none
  const char* content_type;  ///< of the answer; null: it has no body, or the endpoint only ever refuses
};

/// Precondition: not `endpoint::options`, which belongs to every path.
const operation& operation_of(endpoint to);

}  // namespace embed_server
