// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "lease.hpp"
#include "queue_keys.hpp"
#include "read_size.hpp"
#include "redis_connection.hpp"
#include "redis_settings.hpp"
#include "request_source.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace cluster {

/// For how long a request is known to have had its reply; longer than the longest deadline and the time it
/// takes to find an abandoned entry. Streams of replies live as long without their gateway.
inline constexpr std::chrono::milliseconds remembered = std::chrono::minutes{10};

/// Requests from a Redis Stream, read in a group that is made when it is missing. Thread safety as
/// redis_connection's.
class redis_source final : public request_source {
 public:
  /// `consumer` names this worker; no other one, dead or alive, has the same name.
  redis_source(const asio::any_io_executor& executor, const redis_settings& settings, const queue_keys& keys,
               const std::string& consumer, const lease& lease);

  asio::awaitable<std::vector<delivery>> receive(std::size_t room) override;
  asio::awaitable<std::vector<abandoned_entry>> find_abandoned() override;
  asio::awaitable<std::optional<delivery>> adopt(std::string entry) override;
  asio::awaitable<void> extend(std::vector<std::string> entries) override;
  asio::awaitable<void> finish(delivery done, std::string reply) override;
  asio::awaitable<void> reject(delivery dead, std::string reply) override;

  /// Takes this worker, which holds nothing any more, out of the group; unless entries were delivered to it
  /// in a reply that never arrived, which others would not find then.
  asio::awaitable<void> leave();

  /// Takes workers out of the group that have got nothing for longer than that and hold nothing: the dead,
  /// when others have adopted what they had. One that lives is back with the next entry that it gets.
  asio::awaitable<void> remove_silent(std::chrono::milliseconds silence);

  /// For commands that do not wait.
  redis_connection& connection() { return redis_; }

 private:
  asio::awaitable<redis_value> ask(redis_connection& redis, redis_command command,
                                   std::chrono::milliseconds on_server = {});
  asio::awaitable<void> make_group(redis_connection& redis);
  delivery to_delivery(const redis_value& entry, std::uint64_t times) const;

  redis_connection redis_;
  redis_connection reading_;
  queue_keys keys_;
  std::string consumer_;
  read_size at_once_;
  std::string lease_;    // in milliseconds
  std::string largest_;  // entry that is adopted, in bytes
  std::chrono::milliseconds wait_;
};

}  // namespace cluster
