// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <string>
#include <utility>

namespace embed_server {

namespace http = boost::beast::http;

/// Requests are read into a string and answers written from one. What is an answer's own is set where the
/// answer is made; what every answer carries (Date, Content-Length, Connection, x-request-id) is set by the
/// connection.
using request_parser = http::request_parser<http::string_body>;
using response = http::response<http::string_body>;

/// An answer with this body; the content type is JSON's unless given, and none where there is no body.
inline response make_response(http::status status, std::string body,
                              const char* content_type = "application/json") {
  response answer{status, 11};
  if (!body.empty()) answer.set(http::field::content_type, content_type);
  answer.body() = std::move(body);
  return answer;
}

}  // namespace embed_server
