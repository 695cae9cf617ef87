// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/server_process.hpp"
#include "support/temporary_folder.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace carpool::test {

/// A real redis-server, with a log on disk, on a Unix socket in a folder of its own.
class redis_server {
 public:
  /// `options` are added to its command line.
  explicit redis_server(std::vector<std::string> options = {}) : options_(std::move(options)) { start(); }

  /// As carpool's programs take it.
  std::string address() const { return "unix:" + socket(); }
  std::string socket() const { return (folder_.path() / "redis").string(); }

  /// Starts it, after stop() or kill().
  void start() {
    std::vector<std::string> command{CARPOOL_REDIS_SERVER,
                                     "--port",
                                     "0",
                                     "--unixsocket",
                                     socket(),
                                     "--dir",
                                     folder_.path().string(),
                                     "--appendonly",
                                     "yes",
                                     "--appendfsync",
                                     "always",
                                     "--save",
                                     "",
                                     "--enable-debug-command",
                                     "yes"};
    command.insert(command.end(), options_.begin(), options_.end());
    process_.emplace(std::move(command));
    process_->await_line("eady to accept connections");
  }

  /// Ends it as its operators do.
  void stop() {
    process_->signal(SIGTERM);
    process_->wait();
    process_.reset();
  }

  void kill() {
    process_->signal(SIGKILL);
    process_->wait();
    process_.reset();
  }

  void signal(int number) const { process_->signal(number); }

  /// What redis-cli prints for a command; its arguments are quoted as in a shell.
  std::string ask(const std::string& command) const {
    const std::string line = CARPOOL_REDIS_CLI " -s " + socket() + " " + command + " 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> output{::popen(line.c_str(), "r"), ::pclose};
    if (!output) throw std::runtime_error("cannot run redis-cli");
    std::string printed;
    std::array<char, 4096> bytes{};
    while (const auto size = std::fread(bytes.data(), 1, bytes.size(), output.get()))
      printed.append(bytes.data(), size);
    while (printed.ends_with('\n')) printed.pop_back();
    return printed;
  }

 private:
  temporary_folder folder_;
  std::vector<std::string> options_;
  std::optional<server_process> process_;
};

}  // namespace carpool::test
