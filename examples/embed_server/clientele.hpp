// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "api_keys.hpp"
#include "client_weights.hpp"
#include "exchange.hpp"
#include "header_guard.hpp"
#include "http.hpp"
#include "rate_control.hpp"
#include "routes.hpp"

#include <cstddef>
#include <mutex>

namespace embed_server {

/// Who may use the server, and how much is left to each. Thread-safe.
class clientele {
 public:
  /// `rates` hold for clients whose key has no limits of its own, and for all those without a key together.
  explicit clientele(const rate_limits& rates) : default_rates_(rates) {}

  /// From now on only clients with one of these keys may use what is not open to everybody.
  /// Those who had one before keep what is left of their limits.
  void set_keys(api_keys keys);

  /// What these keys say of shares; 1 for everybody else.
  const client_weights& weights() const noexcept { return weights_; }

  /// Whose request it is, with the limits that hold for it. Throws api_error (unauthorized, forbidden).
  api_client identify(const request_head& head, endpoint to) const;

  /// Counts a request of this client, if the model is asked for. Throws api_error (rate_limited).
  void count_request(const api_client& client, endpoint to);

  /// Counts the tokens of a request, all or none. Throws as rate_control::count_tokens.
  void count_tokens(const api_client& client, std::size_t tokens);

  /// What was counted was turned away: the client may ask for it again.
  void return_tokens(const api_client& client, std::size_t tokens);

  /// Adds to an answer what the client may still ask for, where the clients of this path look for that.
  void tell_rates(response& answer, const exchange& request);

 private:
  const rate_limits default_rates_;
  mutable std::mutex mutex_;  // for keys_ and rates_
  api_keys keys_;
  client_weights weights_;
  rate_control rates_;
};

}  // namespace embed_server
