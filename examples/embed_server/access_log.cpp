// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "access_log.hpp"

#include "output_file.hpp"

#include <fcntl.h>
#include <spdlog/async.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace embed_server {
namespace {

std::string last_error() { return std::error_code(errno, std::generic_category()).message(); }

// Where the lines go. Only the writer's thread comes here, but for reopen_soon and hurry.
class line_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit line_sink(std::string file) : file_(std::move(file)), output_(open()) {
    if (output_.descriptor() < 0)
      throw std::runtime_error("cannot write the access log " + file_ + ": " + why_not_open());
  }

  void reopen_soon() { reopen_ = true; }
  void hurry() { output_.hurry(); }
  std::uint64_t lost() const { return lost_; }

 private:
  int open() const {
    if (file_ == "-") return ::dup(STDOUT_FILENO);
    return ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
  }

  // Opening a pipe would otherwise wait for somebody to read it, for ever and without a word.
  std::string why_not_open() const {
    return errno == ENXIO ? "it is a pipe that nobody reads" : last_error();
  }

  void sink_it_(const spdlog::details::log_msg& message) override {
    reopen_if_told();
    const bool failed = !write({message.payload.data(), message.payload.size()});
    if (failed && !failing_) spdlog::error("cannot write the access log {}: {}", file_, last_error());
    if (!failed && failing_) spdlog::info("the access log {} is written again", file_);
    failing_ = failed;
    if (failed) ++lost_;
  }

  void flush_() override { reopen_if_told(); }

  void reopen_if_told() {
    if (!reopen_.exchange(false)) return;
    const int descriptor = open();
    if (descriptor < 0)
      return spdlog::error("cannot open the access log {} again: {}", file_, why_not_open());
    output_.replace(descriptor);
    torn_ = false;
    spdlog::info("opened the access log {} again", file_);
  }

  // A disk that is full takes the beginning of a line, which is not to become that of the next one.
  bool write(std::string_view line) {
    if (torn_ && !append("\n")) return false;
    return append(line);
  }

  bool append(std::string_view bytes) {
    const std::size_t written = output_.write(bytes);
    if (written > 0) torn_ = written < bytes.size();
    return written == bytes.size();
  }

  const std::string file_;
  output_file output_;
  std::atomic<bool> reopen_ = false;
  std::atomic<std::uint64_t> lost_ = 0;
  bool failing_ = false;
  bool torn_ = false;  // the last line has no end
};

}  // namespace

struct access_log::writer {
  explicit writer(const std::string& file)
      : sink(std::make_shared<line_sink>(file)),
        logger(std::make_shared<spdlog::async_logger>("access", sink, queue,
                                                      spdlog::async_overflow_policy::overrun_oldest)) {}
  ~writer() { sink->hurry(); }

  static constexpr std::size_t lines = 8192;
  std::shared_ptr<line_sink> sink;
  std::shared_ptr<spdlog::details::thread_pool> queue =
      std::make_shared<spdlog::details::thread_pool>(lines, 1);
  std::shared_ptr<spdlog::async_logger> logger;
};

access_log::access_log(const std::string& file) : writer_(std::make_unique<writer>(file)) {}
access_log::~access_log() = default;

void access_log::add(std::string line) {
  line += '\n';  // here, so that each line is one write
  writer_->logger->info(spdlog::string_view_t(line));
}

void access_log::reopen() {
  writer_->sink->reopen_soon();
  writer_->logger->flush();
}

std::uint64_t access_log::dropped() const {
  return writer_->queue->overrun_counter() + writer_->sink->lost();
}

}  // namespace embed_server
