// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "rate_control.hpp"

#include "api_error.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string_view>

namespace embed_server {
namespace {

void tell_level(response& answer, std::string_view unit, const rate_level& level) {
  answer.set(fmt::format("x-ratelimit-limit-{}", unit), std::to_string(level.limit));
  answer.set(fmt::format("x-ratelimit-remaining-{}", unit), std::to_string(level.remaining));
  answer.set(fmt::format("x-ratelimit-reset-{}", unit), short_duration(level.reset));
}

[[noreturn]] void ask_to_wait(std::string_view unit, std::uint32_t limit, carpool::duration wait) {
  throw api_error{problem::rate_limited,
                  fmt::format("more than the {} {} per minute that are allowed, retry in {}", limit, unit,
                              short_duration(wait)),
                  "", std::chrono::ceil<std::chrono::milliseconds>(wait)};
}

}  // namespace

void rate_control::count_request(const api_client& client, carpool::time_point now) {
  if (!client.rates.requests) return;
  const auto wait = requests_.take(client.id, *client.rates.requests, 1, now);
  if (wait) ask_to_wait("requests", *client.rates.requests, *wait);
}

void rate_control::count_tokens(const api_client& client, std::size_t tokens, carpool::time_point now) {
  if (!client.rates.tokens) return;
  const auto limit = *client.rates.tokens;
  if (tokens > limit) {
    throw api_error{problem::invalid, fmt::format("{} tokens, but no more than {} are allowed in a minute; "
                                                  "send fewer texts at once",
                                                  tokens, limit)};
  }
  if (const auto wait = tokens_.take(client.id, limit, tokens, now)) ask_to_wait("tokens", limit, *wait);
}

void rate_control::return_tokens(const api_client& client, std::size_t tokens, carpool::time_point now) {
  if (client.rates.tokens) tokens_.give_back(client.id, *client.rates.tokens, tokens, now);
}

void rate_control::tell(response& answer, const api_client& client, carpool::time_point now) {
  if (client.rates.requests)
    tell_level(answer, "requests", requests_.level(client.id, *client.rates.requests, now));
  if (client.rates.tokens) tell_level(answer, "tokens", tokens_.level(client.id, *client.rates.tokens, now));
}

void rate_control::keep_only(const api_keys& keys) {
  const auto clients = keys.ids();
  requests_.keep_only(clients);
  tokens_.keep_only(clients);
}

std::string short_duration(carpool::duration time) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  if (milliseconds < 1000) return fmt::format("{}ms", milliseconds);
  const auto minutes = milliseconds / 60'000;
  const double seconds = static_cast<double>(milliseconds % 60'000) / 1000;
  return minutes > 0 ? fmt::format("{}m{:g}s", minutes, seconds) : fmt::format("{:g}s", seconds);
}

}  // namespace embed_server
