// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "redis_check.hpp"

#include "embed_server/random_id.hpp"
#include "entry_numbers.hpp"
#include "model_registry.hpp"
#include "queue_keys.hpp"
#include "redis_connection.hpp"
#include "redis_script.hpp"
#include "redis_source.hpp"
#include "reply_stream.hpp"
#include "shard_reading.hpp"
#include "shard_registry.hpp"

#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace cluster {
namespace {

// Streams forget deleted entries in their lists of pending ones since this one.
constexpr int oldest_version = 7;

int major(std::string_view version) {
  int number = 0;
  std::from_chars(version.data(), version.data() + version.size(), number);
  return number;
}

// The value of a line "name:value".
std::string line(std::string_view info, std::string_view name) {
  const auto at = info.find(name);
  if (at == info.npos) return {};
  const auto rest = info.substr(at + name.size());
  return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

// All that gateways and workers ask of Redis; `keys` are nobody else's.
asio::awaitable<void> try_out(asio::any_io_executor executor, redis_settings where, queue_keys queue,
                              queue_keys keys) {
  redis_source source{executor, where, keys, "check", lease{}};
  redis_connection& redis = source.connection();
  co_await find_shards(redis, queue);
  co_await find_model(redis, queue);
  co_await read_shard(redis, queue);
  std::vector<std::string> stream{keys.requests()},
      text{"1", entry_numbers{}.next(), "check", keys.replies("check"), ""};
  co_await admit_script.run(redis, std::move(stream), std::move(text));
  const auto received = co_await source.receive(1);
  for (const delivery& each : received) {
    std::vector<std::string> entries{each.entry};
    co_await source.extend(std::move(entries));
    co_await source.finish(each, "");
  }
  co_await source.find_abandoned();
  co_await source.leave();
  reply_stream replies{executor, where, keys.replies("check")};
  const auto replied = co_await replies.read();
  if (replied.empty()) throw std::runtime_error("no reply came");
  co_await replies.trim(redis);
}

// Of what was tried out.
asio::awaitable<void> forget(redis_connection& redis, queue_keys keys) {
  const std::vector<std::string> used{keys.requests(), keys.replies("check"), keys.done("check")};
  for (const std::string& key : used) {
    redis_command expire{"PEXPIRE", key, "1"};
    co_await redis.run(std::move(expire));
  }
}

}  // namespace

std::vector<std::string> what_is_wrong(const redis_facts& facts) {
  std::vector<std::string> found;
  if (!facts.refusal.empty())
    found.push_back("A text does not get through Redis and back as things are: " + facts.refusal +
                    ". README.md says what a user needs.");
  if (facts.version.empty())
    found.emplace_back(
        "The user may not ask Redis for its version (INFO), which must be 7.0 or newer: allow it +info, or "
        "check "
        "the version yourself.");
  else if (major(facts.version) < oldest_version)
    found.push_back("Redis has version " + facts.version +
                    "; carpool needs 7.0 or newer, because older ones "
                    "deliver entries that have been deleted.");
  if (!facts.told_settings) {
    found.emplace_back(
        "The user may not read Redis' configuration (CONFIG GET), so its memory policy and persistence "
        "cannot be "
        "checked: allow it +config|get, or check them yourself.");
    return found;
  }
  if (facts.maxmemory_policy != "noeviction")
    found.push_back(
        "maxmemory-policy is " + facts.maxmemory_policy +
        ": Redis would silently throw requests away when its memory is full. Set maxmemory-policy to "
        "noeviction; callers are then told with status 503.");
  if (facts.maxmemory == "0")
    found.emplace_back(
        "maxmemory is 0: Redis takes memory until the machine has none. Set maxmemory to what it "
        "may take.");
  if (facts.appendonly != "yes" && facts.save.empty())
    found.emplace_back(
        "Redis keeps nothing on disk (appendonly is no, save is empty): what waits is lost when it "
        "restarts. Set appendonly to yes.");
  else if (facts.appendonly != "yes")
    found.emplace_back(
        "appendonly is no: what came since the last snapshot is lost when Redis restarts. Set "
        "appendonly to yes.");
  return found;
}

asio::awaitable<redis_facts> ask_for_facts(asio::any_io_executor executor, redis_settings where,
                                           std::string queue) {
  redis_facts facts;
  redis_connection redis{executor, where};
  try {
    redis_command info{"INFO", "server"};
    const redis_value server = co_await redis.run(std::move(info));
    facts.version = line(server.text, "redis_version:");
  } catch (const redis_refusal&) {  // not allowed: what_is_wrong says so
  }
  try {
    redis_command config{"CONFIG", "GET", "maxmemory", "maxmemory-policy", "appendonly", "save"};
    const redis_value settings = co_await redis.run(std::move(config));
    for (std::size_t i = 0; i + 1 < settings.items.size(); i += 2) {
      const std::string &name = settings.items[i].text, &value = settings.items[i + 1].text;
      if (name == "maxmemory") facts.maxmemory = value;
      if (name == "maxmemory-policy") facts.maxmemory_policy = value;
      if (name == "appendonly") facts.appendonly = value;
      if (name == "save") facts.save = value;
    }
    facts.told_settings = true;
  } catch (const redis_refusal&) {  // not allowed: what_is_wrong says so
  }
  queue_keys trial{queue};
  trial.prefix += "check:" + embed_server::random_id(16) + ':';
  try {
    co_await try_out(executor, where, queue_keys{queue}, trial);
  } catch (const std::runtime_error& error) {
    facts.refusal = error.what();
  }
  try {
    co_await forget(redis, trial);
  } catch (const std::runtime_error& error) {
    if (facts.refusal.empty()) facts.refusal = error.what();
  }
  co_return facts;
}

}  // namespace cluster
