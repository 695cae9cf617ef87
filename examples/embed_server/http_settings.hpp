// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "access_log.hpp"
#include "cors.hpp"
#include "limits.hpp"

#include <memory>

namespace embed_server {

/// What all connections of a server are told.
struct http_settings {
  embed_server::limits limits = {};
  cors_policy cors = cors_policy{};
  std::shared_ptr<access_log> log = nullptr;  ///< null: requests are not logged
};

}  // namespace embed_server
