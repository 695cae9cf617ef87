// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "model_registry.hpp"

#include "redis_script.hpp"

#include <string>
#include <utility>
#include <vector>

namespace cluster {
namespace {

const redis_script announce_script{R"lua(#!lua flags=allow-oom
local there = redis.call('GET', KEYS[1])
if there and there ~= ARGV[1] then return there end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ''
)lua"};

}  // namespace

asio::awaitable<bool> announce(redis_connection& redis, const queue_keys& keys, const model_card& card,
                               std::string& found) {
  std::vector<std::string> key{keys.model()};
  std::vector<std::string> arguments{to_json(card), std::to_string(announced_for.count())};
  const redis_value other = co_await announce_script.run(redis, std::move(key), std::move(arguments));
  found = other.text;
  co_return other.text.empty();
}

asio::awaitable<std::optional<model_card>> find_model(redis_connection& redis, const queue_keys& keys) {
  redis_command command{"GET", keys.model()};
  const redis_value card = co_await redis.run(std::move(command));
  if (card.what != redis_value::kind::text) co_return std::nullopt;
  co_return parse_model_card(card.text);
}

}  // namespace cluster
