// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "http.hpp"
#include "model_catalog.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace embed_server {

/// Traces what the batcher of a model does, for one client at a time. Not thread-safe: everything happens on
/// the thread of the service, but the writing of the trace, which has a thread of its own.
class trace_service {
 public:
  /// The models must outlive the service.
  explicit trace_service(const model_catalog& models) : models_(models) {}

  /// The answer to /debug/trace with this query: requests and batches of so many seconds, in the Trace Event
  /// Format. No more than the latest 10,000 of each are kept. Cancelling it (all types) ends the trace.
  /// Throws api_error: invalid for a query that is none, unknown_model, unavailable, and conflict while
  /// somebody else traces.
  boost::asio::awaitable<response> answer(std::string query);

  /// Traces that are under way are answered now, with what they have, and so are all later ones.
  void hurry();

 private:
  boost::asio::awaitable<void> wait(std::chrono::seconds time);

  const model_catalog& models_;
  boost::asio::steady_timer* waiting_ = nullptr;  // of the trace that is under way
  bool busy_ = false;
  bool in_a_hurry_ = false;
};

/// What is to be traced, and for how long.
struct trace_query {
  std::string model;  ///< empty: the default
  std::chrono::seconds time{5};
};

/// Reads "seconds=N", "model=NAME", both with & between them, or nothing. Throws api_error (invalid).
trace_query read_trace_query(std::string_view query);

}  // namespace embed_server
