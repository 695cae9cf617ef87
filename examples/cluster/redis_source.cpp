// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "redis_source.hpp"

#include "redis_script.hpp"
#include "text_reply.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace cluster {
namespace {

// For a new entry. Also how long a stop may take, and how long a worker waits to be alone with what it
// adopts.
std::chrono::milliseconds wait_of(const lease& given) {
  constexpr std::chrono::milliseconds longest{500};
  return std::min(longest,
                  std::chrono::duration_cast<std::chrono::milliseconds>(given.refresh_interval() / 2));
}

constexpr std::size_t abandoned_at_once = 64;
constexpr std::size_t most_taken_at_once = 1024;

// The reply in the dead letter of such an entry, which nobody else is told of.
const std::string too_large =
    encode(text_reply{text_failure{failure_code::unreadable, "the entry is too large to be read"}});

// What no gateway writes, whose bodies are smaller. It may have been more than a reply may be: whoever was to
// get it would never come to its end, and nobody would ever give it up.
std::size_t largest_entry(const redis_settings& settings) { return settings.max_reply / 8; }

const std::string& text_of(const redis_value& list, std::size_t index) {
  if (index >= list.items.size()) throw redis_unavailable("Redis answered in a form that is not known");
  return list.items[index].text;
}

std::uint64_t number_of(const redis_value& list, std::size_t index) {
  const std::string& text = text_of(list, index);
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

redis_source::redis_source(const asio::any_io_executor& executor, const redis_settings& settings,
                           const queue_keys& keys, const std::string& consumer, const lease& lease)
    : redis_(executor, settings),
      reading_(executor, settings),
      keys_(keys),
      consumer_(consumer),
      at_once_(most_taken_at_once),
      lease_(std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(lease.time).count())),
      largest_(std::to_string(largest_entry(settings))),
      wait_(wait_of(lease)) {}

asio::awaitable<std::vector<delivery>> redis_source::receive(std::size_t room) {
  redis_command command{"XREADGROUP", "GROUP",
                        worker_group, consumer_,
                        "COUNT",      std::to_string(std::min(room, at_once_.entries())),
                        "BLOCK",      std::to_string(wait_.count()),
                        "STREAMS",    keys_.requests(),
                        ">"};
  redis_value reply;
  try {
    reply = co_await ask(reading_, std::move(command), wait_);
  } catch (...) {
    at_once_.failed();
    throw;
  }
  at_once_.succeeded();
  std::vector<delivery> received;
  if (reply.items.size() < 2) co_return received;  // none came
  for (const redis_value& entry : reply.items[1].items) received.push_back(to_delivery(entry, 1));
  co_return received;
}

asio::awaitable<std::vector<abandoned_entry>> redis_source::find_abandoned() {
  redis_command command{"XPENDING",   keys_.requests(),
                        worker_group, "IDLE",
                        lease_,       "-",
                        "+",          std::to_string(abandoned_at_once)};
  const redis_value reply = co_await ask(redis_, std::move(command));
  std::vector<abandoned_entry> found;
  for (const redis_value& each : reply.items) found.push_back({text_of(each, 0), number_of(each, 3)});
  co_return found;
}

// The time that nothing was heard of the entry makes sure that one worker gets it.
asio::awaitable<std::optional<delivery>> redis_source::adopt(std::string entry) {
  std::vector<std::string> keys{keys_.requests(), keys_.dead()};
  std::vector<std::string> arguments{worker_group, consumer_, lease_, entry, largest_, too_large};
  const redis_value adopted = co_await adopt_script.run(redis_, std::move(keys), std::move(arguments));
  if (adopted.items.size() == 1)
    spdlog::warn("entry {} of {}, which has {} bytes, goes to the dead letters without them", entry,
                 keys_.requests(), adopted.items[0].text);
  if (adopted.items.size() < 2 || adopted.items[0].items.empty()) co_return std::nullopt;
  co_return to_delivery(adopted.items[0], number_of(adopted, 1));
}

// JUSTID: this is no delivery, and is not counted as one.
asio::awaitable<void> redis_source::extend(std::vector<std::string> entries) {
  redis_command command{"XCLAIM", keys_.requests(), worker_group, consumer_, "0"};
  std::ranges::move(entries, std::back_inserter(command));
  command.emplace_back("JUSTID");
  co_await ask(redis_, std::move(command));
}

asio::awaitable<void> redis_source::finish(delivery done, std::string reply) {
  std::vector<std::string> keys{keys_.requests(), keys_.done(done.id)};
  if (!done.reply_to.empty()) keys.push_back(done.reply_to);
  std::vector<std::string> arguments{worker_group, done.entry, done.id, std::move(reply),
                                     std::to_string(remembered.count())};
  co_await finish_script.run(redis_, std::move(keys), std::move(arguments));
}

asio::awaitable<void> redis_source::reject(delivery dead, std::string reply) {
  std::vector<std::string> keys{keys_.requests(), keys_.done(dead.id), keys_.dead()};
  if (!dead.reply_to.empty()) keys.push_back(dead.reply_to);
  std::vector<std::string> arguments{
      worker_group,           dead.entry, dead.id, std::move(reply), std::to_string(remembered.count()),
      std::move(dead.payload)};
  co_await reject_script.run(redis_, std::move(keys), std::move(arguments));
}

asio::awaitable<void> redis_source::leave() {
  std::vector<std::string> keys{keys_.requests()};
  std::vector<std::string> arguments{worker_group, consumer_};
  co_await leave_script.run(redis_, std::move(keys), std::move(arguments));
}

asio::awaitable<void> redis_source::remove_silent(std::chrono::milliseconds silence) {
  std::vector<std::string> keys{keys_.requests()};
  std::vector<std::string> arguments{worker_group, std::to_string(silence.count())};
  co_await remove_idle_script.run(redis_, std::move(keys), std::move(arguments));
}

// Whoever empties Redis, or puts another one in its place, takes the group away.
asio::awaitable<redis_value> redis_source::ask(redis_connection& redis, redis_command command,
                                               std::chrono::milliseconds on_server) {
  redis_command again = command;
  try {
    redis_value reply = co_await redis.run(std::move(command), on_server);
    co_return reply;
  } catch (const redis_refusal& refused) {
    if (!refused.is("NOGROUP")) throw;
  }
  co_await make_group(redis);
  redis_value reply = co_await redis.run(std::move(again), on_server);
  co_return reply;
}

asio::awaitable<void> redis_source::make_group(redis_connection& redis) {
  redis_command command{"XGROUP", "CREATE", keys_.requests(), worker_group, "0", "MKSTREAM"};
  try {
    co_await redis.run(std::move(command));
  } catch (const redis_refusal& refused) {
    if (!refused.is("BUSYGROUP")) throw;  // another worker was faster
  }
}

// Whatever somebody has put into the queue becomes a delivery that can at least be rejected.
delivery redis_source::to_delivery(const redis_value& entry, std::uint64_t times) const {
  delivery found{.entry = text_of(entry, 0), .times = times};
  if (entry.items.size() > 1) {
    const redis_value& fields = entry.items[1];
    found.id = field(fields, "id");
    found.reply_to = field(fields, "to");
    found.payload = field(fields, "p");
  }
  if (found.id.empty()) found.id = "entry-" + found.entry;
  if (!keys_.takes_replies(found.reply_to)) found.reply_to.clear();
  return found;
}

}  // namespace cluster
