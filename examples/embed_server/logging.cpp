// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "logging.hpp"

#include "output_file.hpp"

#include <spdlog/async.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <exception>
#include <memory>
#include <utility>

namespace embed_server {

namespace {

class stderr_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  void hurry() { output_.hurry(); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    output_.write({text.data(), text.size()});
  }
  void flush_() override {}

  output_file output_{::dup(STDERR_FILENO)};
};

std::shared_ptr<stderr_sink> current_sink;  // where spdlog's default logger, which is global, too, writes

}  // namespace

background_logging::background_logging(const std::string& level) {
  constexpr std::size_t lines = 8192;
  current_sink = std::make_shared<stderr_sink>();
  spdlog::init_thread_pool(lines, 1);
  auto logger = std::make_shared<spdlog::async_logger>("embed_server", current_sink, spdlog::thread_pool(),
                                                       spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

background_logging::~background_logging() { end_logging(); }

void end_logging() {
  if (current_sink) current_sink->hurry();
  spdlog::shutdown();
}

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
