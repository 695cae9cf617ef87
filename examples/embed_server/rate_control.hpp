// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "api_keys.hpp"
#include "http.hpp"
#include "rate_limiter.hpp"
#include <carpool/time.hpp>

#include <cstddef>
#include <string>

namespace embed_server {

/// Holds clients to their limits, in HTTP's terms. Clients without a key share one level. Knows no clock.
/// Not thread-safe.
class rate_control {
 public:
  /// A request of this client has come. Throws api_error (rate_limited).
  void count_request(const api_client& client, carpool::time_point now);

  /// What it asks for has so many tokens: all are granted or none. Throws api_error: rate_limited, or invalid
  /// for more than the client may ever have at once.
  void count_tokens(const api_client& client, std::size_t tokens, carpool::time_point now);

  /// None of these has been run, as there was no room for them.
  void return_tokens(const api_client& client, std::size_t tokens, carpool::time_point now);

  /// Adds OpenAI's x-ratelimit-limit-*, -remaining-* and -reset-*, of requests and of tokens, where they are
  /// limited.
  void tell(response& answer, const api_client& client, carpool::time_point now);

  /// Forgets clients without one of these keys.
  void keep_only(const api_keys& keys);

 private:
  rate_limiter requests_;
  rate_limiter tokens_;
};

/// A time as OpenAI writes it: "20ms", "1.5s" or "6m0s". Rounded up to milliseconds.
std::string short_duration(carpool::duration time);

}  // namespace embed_server
