// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "clientele.hpp"

#include "api_error.hpp"

#include <chrono>
#include <utility>

namespace embed_server {

void clientele::set_keys(api_keys keys) {
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
  weights_.set(keys_.weights());
  rates_.keep_only(keys_);
}

api_client clientele::identify(const request_head& head, endpoint to) const {
  const std::lock_guard lock(mutex_);
  if (!keys_.required() && is_for_admins(to))
    throw api_error{problem::forbidden,
                    "this is for admins, and there are none: the server runs without --api-keys"};
  if (!keys_.required() || is_open(to)) return {.rates = default_rates_};
  if (!head.key)
    throw api_error{problem::unauthorized,
                    "an API key is needed: Authorization: Bearer KEY, or x-api-key: KEY"};
  const api_client* const found = keys_.find(*head.key);
  if (found == nullptr) throw api_error{problem::unauthorized, "Incorrect API key provided."};
  if (is_for_admins(to) && !found->admin)
    throw api_error{problem::forbidden,
                    "this is for admins: keys that the server's file of keys marks as admin"};
  api_client client = *found;
  client.rates = client.rates.or_else(default_rates_);
  return client;
}

void clientele::count_request(const api_client& client, endpoint to) {
  if (!runs_model(to)) return;
  const std::lock_guard lock(mutex_);
  rates_.count_request(client, std::chrono::steady_clock::now());
}

void clientele::count_tokens(const api_client& client, std::size_t tokens) {
  const std::lock_guard lock(mutex_);
  rates_.count_tokens(client, tokens, std::chrono::steady_clock::now());
}

void clientele::return_tokens(const api_client& client, std::size_t tokens) {
  const std::lock_guard lock(mutex_);
  rates_.return_tokens(client, tokens, std::chrono::steady_clock::now());
}

void clientele::tell_rates(response& answer, const exchange& request) {
  if (family_of(request.head.path) != api_family::openai) return;
  const std::lock_guard lock(mutex_);
  rates_.tell(answer, request.client, std::chrono::steady_clock::now());
}

}  // namespace embed_server
