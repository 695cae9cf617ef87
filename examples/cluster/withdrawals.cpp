// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "withdrawals.hpp"

#include "embed_server/no_throw.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace cluster {
namespace {

constexpr std::chrono::milliseconds pause_before_retry{250};
constexpr std::size_t most_withdrawn_at_once = 1000;  // others wait for Redis meanwhile

}  // namespace

withdrawals::withdrawals(const asio::any_io_executor& executor, redis_connection& redis, std::string requests)
    : executor_(executor), redis_(redis), requests_(std::move(requests)) {}

void withdrawals::add(std::vector<std::string> entries) {
  for (std::string& each : entries)
    if (!each.empty()) left_.push_back(std::move(each));
  if (left_.empty() || std::exchange(removing_, true)) return;
  asio::co_spawn(executor_, remove_all(), asio::detached);
}

asio::awaitable<void> withdrawals::remove_all() {
  while (!left_.empty()) {
    const std::size_t count = std::min(left_.size(), most_withdrawn_at_once);
    if (co_await remove(count)) {
      left_.erase(left_.begin(), left_.begin() + static_cast<std::ptrdiff_t>(count));
      continue;
    }
    asio::steady_timer pause{executor_, pause_before_retry};
    co_await pause.async_wait(embed_server::no_throw);
  }
  removing_ = false;
}

// The first so many. Whether it need not be tried again.
asio::awaitable<bool> withdrawals::remove(std::size_t count) {
  redis_command command{"XDEL", requests_};
  command.insert(command.end(), left_.begin(), left_.begin() + static_cast<std::ptrdiff_t>(count));
  try {
    co_await redis_.run(std::move(command));
  } catch (const redis_unavailable&) {
    co_return false;
  } catch (const redis_refusal& refused) {
    spdlog::warn("texts that nobody waits for stay in the queue: {}", refused.what());
  }
  co_return true;
}

}  // namespace cluster
