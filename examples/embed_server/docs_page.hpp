// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/json/object.hpp>

#include <string>

namespace embed_server {

/// An OpenAPI document as a page for people: HTML that needs nothing but itself, no script and no network.
std::string docs_page(const boost::json::object& openapi);

}  // namespace embed_server
