// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "logging.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

namespace embed_server {

background_logging::background_logging(const std::string& level) {
  constexpr std::size_t lines = 8192;
  spdlog::init_thread_pool(lines, 1);
  auto logger = spdlog::create_async_nb<spdlog::sinks::stderr_sink_mt>("embed_server");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

background_logging::~background_logging() { spdlog::shutdown(); }

void log_model_failure(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const std::exception& error) {
    spdlog::error("the model failed: {}", error.what());
  } catch (...) {
    spdlog::error("the model failed");
  }
}

}  // namespace embed_server
