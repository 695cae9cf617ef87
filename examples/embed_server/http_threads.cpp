// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "http_threads.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>

namespace embed_server {

void run_on(asio::io_context& io) {
  for (;;) {
    try {
      io.run();
      return;
    } catch (const std::exception& error) {
      spdlog::error("the server goes on after an error that ended what it was doing for one client: {}",
                    error.what());
    } catch (...) {
      spdlog::error(
          "the server goes on after an error of an unknown kind that ended what it was doing for one client");
    }
  }
}

std::size_t choose_http_threads(std::size_t asked, bool on_gpu, std::size_t cores) {
  if (asked != 0) return asked;
  return on_gpu ? std::clamp<std::size_t>(cores / 2, 1, 8) : 1;
}

}  // namespace embed_server
