// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Between the header of a request and anything that acts on it. Beast's parser is lenient where leniency lets
// one request hide inside another (unknown transfer codings, several Hosts, folded lines), and it merges the
// trailers of a chunked body into the header. So each header passes this guard, and later code sees only the
// snapshot that the guard took.

#pragma once

#include "http.hpp"
#include "key_digest.hpp"
#include "limits.hpp"
#include "trace_context.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace embed_server {

/// What is left of a header after the guard: all that later code may know of it.
struct request_head {
  http::verb method = http::verb::unknown;
  std::string path;              ///< without the query, not percent-decoded; "*" for the server as a whole
  std::string query;             ///< what follows the path's question mark, not decoded either
  std::string content_type;      ///< media type without parameters, in lower case; empty when absent
  std::string content_encoding;  ///< in lower case; empty when absent
  std::string request_id;        ///< x-request-id if it is fit to be echoed, else empty
  std::optional<std::chrono::milliseconds> time_limit;  ///< x-request-timeout-ms
  /// Inference-Header-Content-Length: bytes of JSON in the body, ahead of binary tensors; not checked against
  /// the body's size yet.
  std::optional<std::size_t> json_size;
  std::optional<trace_parent> caller;  ///< what traceparent says, if that is valid
  std::string origin;                  ///< of the page that asks, as its browser says; not fit to be echoed
  bool is_preflight = false;           ///< the browser asks whether that page may ask
  std::string variant;  ///< x-carpool-variant: which of the ways to run a model it is for; empty when absent
  std::optional<key_digest> key;  ///< of what Authorization or x-api-key present
  bool has_body = false;
  bool expects_continue = false;
  bool keep_alive = false;
  unsigned version = 11;  ///< of HTTP: 11 or 10
};

/// Checks a parsed header. `raw` is the header as it came over the wire.
/// Throws api_error; the connection must then be closed, since where the next request starts is anybody's
/// guess.
request_head inspect(const request_parser& parser, std::string_view raw, const limits& limits);

/// Takes the presented key out of an inspected header: nobody needs it any more.
void forget_key(request_parser& parser);

/// What may be told of a request that was refused before or by the guard: who asked for what, as far as it
/// is fit to be repeated.
request_head describe_refused(const request_parser& parser);

}  // namespace embed_server
