// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "reply_stream.hpp"

#include "redis_script.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace cluster {
namespace {

constexpr std::chrono::milliseconds longest_wait{1000};
constexpr std::size_t most_replies_at_once = 256;
constexpr std::size_t most_around_entry = 4096;  // what Redis sends with it
constexpr std::size_t weight_of_entry = 4096;    // beside its reply, so that there are few

}  // namespace

reply_stream::reply_stream(const asio::any_io_executor& executor, const redis_settings& settings,
                           std::string key)
    : redis_(executor, settings),
      key_(std::move(key)),
      largest_(std::to_string(settings.max_reply - most_around_entry)),
      at_once_(most_replies_at_once) {}

asio::awaitable<std::vector<redis_value>> reply_stream::read() {
  if (failed_) {
    co_await find_last();
    co_await skip_unreadable();
  }
  const std::string count = std::to_string(at_once_.entries()), wait = std::to_string(longest_wait.count());
  redis_command read{"XREAD", "COUNT", count, "BLOCK", wait, "STREAMS", key_, entry_};
  redis_value found;
  try {
    found = co_await redis_.run(std::move(read), longest_wait);
  } catch (...) {
    at_once_.failed();
    failed_ = true;
    throw;
  }
  at_once_.succeeded();
  failed_ = false;
  if (found.items.size() < 2) co_return std::vector<redis_value>{};  // none came
  std::vector<redis_value> entries = std::move(found.items[1].items);
  std::erase_if(entries, [](const redis_value& each) { return each.items.size() < 2; });
  for (const redis_value& each : entries) {
    entry_ = each.items[0].text;
    id_ = field(each.items[1], "id");
    weight_ += weight_of_entry + field(each.items[1], "r").size();
  }
  co_return entries;
}

// A server that takes another one's place without having heard of its last replies, and whose clock is
// behind, gives its own replies names that come before the last one read: then all of them are read.
asio::awaitable<void> reply_stream::find_last() {
  redis_command look{"XRANGE", key_, entry_, entry_};
  const redis_value found = co_await redis_.run(std::move(look));
  const bool there =
      !found.items.empty() && found.items[0].items.size() > 1 && field(found.items[0].items[1], "id") == id_;
  if (!there) entry_ = "0";
}

asio::awaitable<void> reply_stream::skip_unreadable() {
  std::vector<std::string> key{key_}, first{entry_, largest_};
  const redis_value size = co_await skip_script.run(redis_, std::move(key), std::move(first));
  if (size.text != "0")
    spdlog::warn("a reply in {} is removed: it has {} bytes, which is too large to be read", key_, size.text);
}

asio::awaitable<void> reply_stream::trim(redis_connection& redis) {
  weight_ = 0;
  std::vector<std::string> key{key_}, last{entry_, id_};
  try {
    co_await trim_script.run(redis, std::move(key), std::move(last));
  } catch (...) {
    failed_ = true;  // that may be all that is noticed of another server
    throw;
  }
}

}  // namespace cluster
