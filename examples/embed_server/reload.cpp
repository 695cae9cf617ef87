// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "reload.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <csignal>
#include <exception>

namespace embed_server {

asio::awaitable<void> reload_on_hangup(std::vector<reloadable> all) {
  if (all.empty()) co_return;
  asio::signal_set hangups{co_await asio::this_coro::executor, SIGHUP};
  for (;;) {
    co_await hangups.async_wait(asio::use_awaitable);
    for (const auto& [what, read_again] : all) {
      try {
        read_again();
      } catch (const std::exception& error) {
        spdlog::error("{} stay as they were: {}", what, error.what());
      }
    }
  }
}

}  // namespace embed_server
