// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embed_server/embed_service.hpp"
#include "embed_server/hosted_model.hpp"
#include "embed_server/http_settings.hpp"
#include "embed_server/model_catalog.hpp"
#include "embed_server/server.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace cluster {

namespace asio = boost::asio;

/// What a worker tells of itself over HTTP: what embed_server does at /health, /metrics and /dashboard, and
/// nothing else. Not thread-safe: everything happens on the executor, whose io_context must be run by one
/// thread.
class worker_http {
 public:
  /// Listens. Port 0 takes any free one. Throws std::runtime_error with a sentence that names address, port
  /// and cause.
  worker_http(const asio::any_io_executor& executor, const std::string& host, std::uint16_t port,
              std::shared_ptr<embed_server::hosted_model> model);

  /// For people, such as "http://127.0.0.1:9100".
  std::string address() const { return http_.addresses().front(); }

  /// From now on /health answers 503.
  void start_draining() { service_.start_draining(); }

  /// Ends all connections, and completes when they have ended.
  asio::awaitable<void> close();

 private:
  embed_server::http_settings settings_;
  embed_server::model_catalog models_;
  embed_server::embed_service service_;
  embed_server::server http_;
};

}  // namespace cluster
