// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "worker_http.hpp"

#include "embed_server/listener.hpp"

#include <utility>
#include <vector>

namespace cluster {
namespace {

std::vector<embed_server::listener> listen_at(const asio::any_io_executor& executor, const std::string& host,
                                              std::uint16_t port) {
  std::vector<embed_server::listener> listeners;
  listeners.push_back(embed_server::open_tcp(executor, host, port));
  return listeners;
}

}  // namespace

worker_http::worker_http(const asio::any_io_executor& executor, const std::string& host, std::uint16_t port,
                         std::shared_ptr<embed_server::hosted_model> model)
    : service_(models_, settings_.limits), http_(listen_at(executor, host, port), service_, settings_) {
  models_.put(std::move(model));
  service_.tell_facts_only();
  http_.start();
}

asio::awaitable<void> worker_http::close() {
  http_.stop_accepting();
  http_.drop_connections();
  co_await http_.async_empty();
}

}  // namespace cluster
