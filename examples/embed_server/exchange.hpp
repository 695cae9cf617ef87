// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "api_keys.hpp"
#include "header_guard.hpp"
#include "memory_budget.hpp"
#include "trace_context.hpp"
#include <carpool/time.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace embed_server {

/// One request on its way through the server, and what has become known of it.
struct exchange {
  request_head head;
  api_client client;
  trace_span span;
  std::string traceparent = {};                  ///< names the span to others
  std::chrono::system_clock::time_point date{};  ///< when the header had been read, for people
  carpool::time_point begin{};                   ///< likewise, for subtracting
  carpool::time_point arrival{};                 ///< when the body had been read; deadlines count from it
  std::size_t body_size = 0;                     ///< in bytes, as received
  std::optional<memory_share> memory = {};       ///< empty: nobody keeps count of it
  std::string model_name = {};                   ///< of the one that was asked, once that is known
  std::string variant = {};                      ///< likewise, the way in which it ran; empty if there is one
  std::size_t texts = 0;
  std::size_t tokens = 0;  ///< of all texts
  std::optional<carpool::duration>
      preparation;                         ///< from arrival to the queue: decoded, understood, tokenised
  std::optional<carpool::duration> model;  ///< from the queue to the result
};

}  // namespace embed_server
