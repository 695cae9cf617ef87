// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <string_view>

namespace embed_server {

/// dashboard.html: a page that draws what the server does, from the events that it asks for.
extern const std::string_view dashboard_page;

}  // namespace embed_server
