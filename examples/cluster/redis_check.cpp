// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "redis_check.hpp"

#include <charconv>
#include <string_view>

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

}  // namespace

std::vector<std::string> what_is_wrong(const redis_facts& facts) {
  std::vector<std::string> found;
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

asio::awaitable<redis_facts> ask_for_facts(redis_connection& redis) {
  redis_facts facts;
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
  co_return facts;
}

}  // namespace cluster
