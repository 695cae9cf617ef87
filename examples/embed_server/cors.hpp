// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "header_guard.hpp"
#include "http.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

/// Which pages in browsers may use the server, beside those that it has sent itself: the CORS protocol of the
/// Fetch standard. Without any origin no answer speaks of it.
class cors_policy {
 public:
  /// Origins such as https://app.example.org, or "*" for all. Throws std::invalid_argument with a sentence
  /// that names what is none.
  explicit cors_policy(std::vector<std::string> origins = {});

  /// Adds to any answer, errors included, what the browser wants to read before it lets the page see it; and
  /// to that of a preflight request what it wants to read before it asks in earnest.
  void complete(response& answer, const request_head& head) const;

 private:
  std::string_view allowed(std::string_view origin) const;

  std::vector<std::string> origins_;
  bool all_ = false;
};

}  // namespace embed_server
