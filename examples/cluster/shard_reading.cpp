// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "shard_reading.hpp"

#include "redis_script.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster {
namespace {

using carpool::prometheus_text;

// Length, entries that somebody has, the first one that nobody has, dead letters, how many of these there
// have ever been, then each consumer with what it has.
const redis_script read_shard_script{R"lua(#!lua flags=no-writes
local function facts_of(list)
  local facts = {}
  for at = 1, #list, 2 do facts[list[at]] = list[at + 1] end
  return facts
end
local found = {redis.call('XLEN', KEYS[1]), 0, '', redis.call('XLEN', KEYS[2]), 0}
if redis.call('EXISTS', KEYS[2]) == 1 then
  found[5] = facts_of(redis.call('XINFO', 'STREAM', KEYS[2]))['entries-added']
end
local from = '-'
local groups = found[1] == 0 and redis.call('EXISTS', KEYS[1]) == 0 and {} or redis.call('XINFO', 'GROUPS', KEYS[1])
for _, group in ipairs(groups) do
  local facts = facts_of(group)
  if facts['name'] == ARGV[1] then
    found[2] = facts['pending']
    from = '(' .. facts['last-delivered-id']
    for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
      local its = facts_of(consumer)
      table.insert(found, its['name'])
      table.insert(found, its['pending'])
    end
  end
end
local oldest = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 1)
if #oldest > 0 then found[3] = oldest[1][1] end
return found
)lua"};

// Of an entry's name, "1700000000000-0", only the milliseconds.
std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::chrono::milliseconds age_of(std::string_view entry) {
  if (entry.empty()) return {};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::chrono::milliseconds added{number_in(entry)};
  return std::max(std::chrono::milliseconds{},
                  std::chrono::duration_cast<std::chrono::milliseconds>(now) - added);
}

}  // namespace

asio::awaitable<shard_reading> read_shard(redis_connection& redis, const queue_keys& keys) {
  std::vector<std::string> key{keys.requests(), keys.dead()};
  std::vector<std::string> arguments{worker_group};
  const redis_value found = co_await read_shard_script.run(redis, std::move(key), std::move(arguments));
  if (found.items.size() < 5) throw redis_unavailable("Redis answered in a form that is not known");
  const auto number = [&](std::size_t at) { return number_in(found.items[at].text); };
  shard_reading read{.outstanding = number(0), .dead_letters = number(3), .died = number(4)};
  read.waiting = read.outstanding - std::min(read.outstanding, number(1));
  read.oldest_age = age_of(found.items[2].text);
  for (std::size_t at = 5; at + 1 < found.items.size(); at += 2)
    read.held[found.items[at].text] = number(at + 1);
  co_return read;
}

void add_queue_metrics(prometheus_text& text, std::size_t shards_used,
                       const std::map<std::size_t, shard_reading>& readings) {
  text.gauge("carpool_cluster_shards", "Shards of the queue that gateways use.", shards_used);
  const auto add = [&](const char* name, const char* help, auto value_of, const char* type = "gauge") {
    text.family(name, type, help);
    for (const auto& [shard, each] : readings)
      text.sample(name, {{"shard", std::to_string(shard)}}, value_of(each));
  };
  add("carpool_cluster_queue_depth", "Texts that no worker has taken yet.",
      [](const shard_reading& of) { return of.waiting; });
  add("carpool_cluster_queue_oldest_age_seconds", "Wait so far of the text that has waited longest.",
      [](const shard_reading& of) { return std::chrono::duration<double>(of.oldest_age).count(); });
  add("carpool_cluster_outstanding", "Texts in the queue, waiting or running.",
      [](const shard_reading& of) { return of.outstanding; });
  add("carpool_cluster_dead_letters", "Texts that could not be run and are kept for people to look at.",
      [](const shard_reading& of) { return of.dead_letters; });
  add(
      "carpool_cluster_dead_letters_added_total", "Texts that could not be run, those no longer kept too.",
      [](const shard_reading& of) { return of.died; }, "counter");
  std::map<std::string, std::uint64_t> held;
  for (const auto& [shard, each] : readings)
    for (const auto& [worker, texts] : each.held) held[worker] += texts;
  text.family("carpool_cluster_held", "gauge", "Texts that a worker has taken and not answered yet.");
  for (const auto& [worker, texts] : held) text.sample("carpool_cluster_held", {{"worker", worker}}, texts);
}

}  // namespace cluster
