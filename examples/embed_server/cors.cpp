// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cors.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace embed_server {
namespace {

// An origin is what a browser makes of a page's address: scheme, host and maybe port, in lower case.
bool is_origin(std::string_view text) {
  const auto end_of_scheme = text.find("://");
  if (end_of_scheme == text.npos || end_of_scheme == 0) return false;
  const auto host = text.substr(end_of_scheme + 3);
  const auto unfit = [](char c) { return c <= ' ' || c > '~' || (c >= 'A' && c <= 'Z'); };
  return !host.empty() && host.find_first_of("/?#@,*") == host.npos && std::ranges::none_of(text, unfit);
}

}  // namespace

cors_policy::cors_policy(std::vector<std::string> origins) : origins_(std::move(origins)) {
  all_ = std::ranges::find(origins_, "*") != origins_.end();
  for (const std::string& origin : origins_) {
    if (origin != "*" && !is_origin(origin))
      throw std::invalid_argument(origin + " is no origin; one is * or such as https://app.example.org:8443");
  }
}

void cors_policy::complete(response& answer, const request_head& head) const {
  if (origins_.empty()) return;
  if (!all_)
    answer.insert(http::field::vary, "Origin");  // caches must not give one page another one's answer
  const auto origin = allowed(head.origin);
  if (origin.empty()) return;
  answer.set(http::field::access_control_allow_origin, origin);
  answer.set(http::field::access_control_expose_headers, "*");
  if (!head.is_preflight) return;
  constexpr const char* two_hours = "7200";  // the longest that Chromium takes
  answer.set(http::field::access_control_allow_methods, "GET, HEAD, POST");
  answer.set(http::field::access_control_allow_headers, "Authorization, *");  // which * does not cover
  answer.set(http::field::access_control_max_age, two_hours);
}

// As an answer names it; empty if it is not allowed.
std::string_view cors_policy::allowed(std::string_view origin) const {
  if (origin.empty()) return "";
  if (all_) return "*";
  const auto found = std::ranges::find(origins_, origin);
  return found != origins_.end() ? std::string_view(*found) : "";
}

}  // namespace embed_server
