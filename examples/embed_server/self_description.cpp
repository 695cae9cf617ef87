// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "self_description.hpp"

#include "docs_page.hpp"
#include "openapi.hpp"

#include <boost/json/serialize.hpp>

#include <string>

namespace embed_server {

response openapi_answer() {
  static const std::string document = boost::json::serialize(openapi_document());
  return make_response(http::status::ok, document);
}

response docs_answer() {
  static const std::string page = docs_page(openapi_document());
  response answer = make_response(http::status::ok, page, "text/html; charset=utf-8");
  answer.set(http::field::content_security_policy, "default-src 'none'; style-src 'unsafe-inline'");
  return answer;
}

}  // namespace embed_server
