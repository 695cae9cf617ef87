// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "reload.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/system/error_code.hpp>

#include <spdlog/spdlog.h>

#include <csignal>
#include <exception>
#include <utility>

namespace embed_server {

reload_on_hangup::reload_on_hangup(const asio::any_io_executor& executor, std::vector<reloadable> all)
    : all_(std::move(all)), hangups_(executor) {
  if (all_.empty()) return;
  hangups_.add(SIGHUP);
  wait();
}

void reload_on_hangup::wait() {
  hangups_.async_wait(asio::bind_allocator(memory_, [this](const boost::system::error_code& ec, int) {
    if (ec) return;
    wait();
    read_again();
  }));
}

void reload_on_hangup::read_again() const {
  for (const auto& [what, read] : all_) {
    try {
      read();
    } catch (const std::exception& error) {
      spdlog::error("{} stay as they were: {}", what, error.what());
    }
  }
}

}  // namespace embed_server
