// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace embed_server {

/// What a caller's `traceparent` says (W3C Trace Context, section 3.2).
struct trace_parent {
  std::string trace_id;   ///< 32 hexadecimal digits in lower case
  std::string parent_id;  ///< 16 of them: the span that the request was made in
  bool sampled = false;
};

/// A request in the trace that it belongs to.
struct trace_span {
  std::string trace_id;   ///< the caller's, or a new one
  std::string parent_id;  ///< the caller's span; empty if the trace begins here
  std::string span_id;    ///< this request's own
  bool sampled = false;   ///< as the caller said
};

/// Empty for what the standard calls invalid, which is to be treated as if it were not there.
std::optional<trace_parent> parse_traceparent(std::string_view value);

/// A new span, in the caller's trace or one of its own. Thread-safe.
trace_span begin_span(const std::optional<trace_parent>& caller);

/// The value of `traceparent` that names this span.
std::string to_traceparent(const trace_span& span);

}  // namespace embed_server
