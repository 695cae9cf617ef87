// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "http.hpp"
#include "trace_switch.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace embed_server {

/// Traces what the batcher does, for one client at a time. Not thread-safe: everything happens on the io
/// thread, but the writing of the trace, which has a thread of its own.
class trace_service {
 public:
  explicit trace_service(std::shared_ptr<trace_switch> batcher) : batcher_(std::move(batcher)) {}

  /// The answer to /debug/trace with this query, "seconds=N" or nothing: requests and batches of so many
  /// seconds, in the Trace Event Format. No more than the latest 10,000 of each are kept. Cancelling it (all
  /// types) ends the trace. Throws api_error: invalid for another query, conflict while somebody else traces.
  boost::asio::awaitable<response> answer(std::string query);

  /// Traces that are under way are answered now, with what they have, and so are all later ones.
  void hurry();

 private:
  boost::asio::awaitable<void> wait(std::chrono::seconds time);

  const std::shared_ptr<trace_switch> batcher_;
  boost::asio::steady_timer* waiting_ = nullptr;  // of the trace that is under way
  bool busy_ = false;
  bool in_a_hurry_ = false;
};

/// What "seconds=N" asks for; 5 s if the query is empty. Throws api_error (invalid).
std::chrono::seconds trace_time(std::string_view query);

}  // namespace embed_server
