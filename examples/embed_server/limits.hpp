// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "rate_limiter.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace embed_server {

/// What one client may take. Every time is counted from the start of its phase, not from the last byte, so
/// dripping bytes does not prolong it.
struct limits {
  // Sizes in bytes.
  std::uint32_t header_size = 8192;
  std::uint64_t body_size = 16'777'216;
  /// Of the bodies and answers of all requests together, of which the first memory_budget::free bytes of each
  /// request do not count.
  std::size_t requests_memory = 536'870'912;
  /// Read and dropped after an answer that came before the body was read.
  std::size_t early_answer_drain = 65'536;
  /// Text tokenised or written as JSON before other connections get a turn.
  std::size_t work_per_turn = 65'536;
  /// The first text of a pair, such as a query: it is tokenised to its end in one turn, since how much of it
  /// a model reads depends on how long both texts are.
  std::size_t first_text = 65'536;
  /// The JSON of labels with their scores in one answer.
  std::size_t predictions = 50'000'000;

  // Counts.
  std::size_t header_fields = 100;
  std::size_t body_chunks = 65'536;  ///< of a chunked body
  std::size_t inputs = 2048;         ///< texts in one request
  std::size_t tokens = 262'144;      ///< in one request that asks only the tokeniser
  /// In one answer that holds the vectors of tokens or the scores of labels without their names: 16 MB of
  /// floats, about 50 MB of JSON.
  std::size_t vector_values = 4'194'304;
  std::size_t connections = 1000;  ///< at once; more wait in the listen queue
  std::size_t requests_per_connection = 10'000;

  /// Of clients whose key has no limits of its own, and of all those without a key together.
  rate_limits rates = {};

  // Times.
  std::chrono::milliseconds handshake_time = std::chrono::seconds{5};  ///< of TLS
  std::chrono::milliseconds header_time = std::chrono::seconds{10};
  std::chrono::milliseconds body_time = std::chrono::seconds{30};
  std::chrono::milliseconds write_time = std::chrono::seconds{30};
  /// Deadline of requests that bring none.
  std::chrono::milliseconds request_time = std::chrono::seconds{30};
  /// Longer than clients keep a connection pooled, so that they are the ones who close it.
  std::chrono::milliseconds idle_time = std::chrono::seconds{75};
  /// For the client to close an ending connection, and for idle ones to ask once more when the server drains.
  std::chrono::milliseconds goodbye_time = std::chrono::seconds{1};
  /// Between two events of the dashboard.
  std::chrono::milliseconds event_interval = std::chrono::seconds{1};
  /// For a client to send or take anything at all, once the server drains.
  std::chrono::milliseconds standstill_time = std::chrono::seconds{5};
  /// From SIGTERM to giving up on what still runs.
  std::chrono::milliseconds drain_time = std::chrono::seconds{30};

  /// A client that has shut down its sending side is taken to be gone, unless this is set.
  bool allow_half_close = false;
};

}  // namespace embed_server
