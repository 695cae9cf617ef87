// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "shard_registry.hpp"

#include "redis_script.hpp"

#include <charconv>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace cluster {
namespace {

// What is no number of shards is returned as it is, for parse() to name: somebody's mistake is not papered
// over.
const redis_script add_shards_script{R"lua(#!lua flags=allow-oom
local there = redis.call('GET', KEYS[1]) or '1'
local number = string.match(there, '^%d+$') and tonumber(there)
if not number or number < 1 or number >= tonumber(ARGV[1]) then return there end
redis.call('SET', KEYS[1], ARGV[1])
return there
)lua"};

std::size_t parse(const std::string& text, const queue_keys& first) {
  std::size_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed == std::errc{} && end == text.data() + text.size() && number >= 1 && number <= most_shards)
    return number;
  throw std::runtime_error("the key " + first.shards() + " in Redis says " + text + "; a queue has 1 to " +
                           std::to_string(most_shards) + " shards");
}

}  // namespace

asio::awaitable<std::size_t> find_shards(redis_connection& redis, const queue_keys& first) {
  redis_command command{"GET", first.shards()};
  const redis_value there = co_await redis.run(std::move(command));
  co_return there.what == redis_value::kind::nothing ? 1 : parse(there.text, first);
}

asio::awaitable<std::size_t> add_shards(redis_connection& redis, const queue_keys& first,
                                        std::size_t at_least) {
  std::vector<std::string> key{first.shards()};
  std::vector<std::string> arguments{std::to_string(at_least)};
  const redis_value there = co_await add_shards_script.run(redis, std::move(key), std::move(arguments));
  co_return parse(there.text, first);
}

}  // namespace cluster
