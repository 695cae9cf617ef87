// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

extern char** environ;

namespace carpool::test {

/// A program that runs beside the test; what it prints, to standard output and error, is kept. Killed at the
/// end of the test at the latest.
class server_process {
 public:
  explicit server_process(std::vector<std::string> command) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    // Asio's sockets would stay open in it when the test closes them.
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    std::vector<char*> arguments;
    for (auto& argument : command) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    const int failure = ::posix_spawn(&id_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failure != 0) throw std::system_error(failure, std::generic_category(), command[0]);
    reader_ = std::thread([this] { read_output(); });
  }

  ~server_process() {
    if (id_ > 0) signal(SIGKILL);
    if (id_ > 0) wait();
    reader_.join();
    ::close(output_);
  }

  server_process(const server_process&) = delete;
  server_process& operator=(const server_process&) = delete;

  /// The port from the line "listening on http://...:PORT". Throws as await_line.
  std::uint16_t port() {
    return static_cast<std::uint16_t>(std::stoi(await_line("listening on http://127.0.0.1:")));
  }

  /// What follows `beginning` in a line that it has printed or will print. Throws with the log if no such
  /// line comes in two minutes.
  std::string await_line(const std::string& beginning) {
    std::unique_lock lock(mutex_);
    const auto complete = [&] {
      const auto at = log_.find(beginning);
      return at != log_.npos && log_.find('\n', at) != log_.npos;
    };
    changed_.wait_for(lock, std::chrono::minutes{2}, [&] { return complete() || ended_; });
    if (!complete()) throw std::runtime_error("no line with \"" + beginning + "\" came, but:\n" + log_);
    const auto at = log_.find(beginning) + beginning.size();
    return log_.substr(at, log_.find('\n', at) - at);
  }

  pid_t id() const { return id_; }

  void signal(int number) const { ::kill(id_, number); }

  /// Waits for the end; the exit status, or minus the number of the signal that ended it. Killed after a
  /// minute.
  int wait() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::minutes{1}, [&] { return ended_; })) signal(SIGKILL);
    lock.unlock();
    int status = 0;
    ::waitpid(id_, &status, 0);
    id_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  /// What it has printed so far.
  std::string log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }

 private:
  // Ends when the program has: nobody else holds the pipe's other end.
  void read_output() {
    char bytes[4096];
    for (ssize_t size; (size = ::read(output_, bytes, sizeof bytes)) > 0;) {
      const std::lock_guard lock(mutex_);
      log_.append(bytes, static_cast<std::size_t>(size));
      changed_.notify_all();
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  pid_t id_ = -1;
  int output_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string log_;
  bool ended_ = false;
  std::thread reader_;
};

}  // namespace carpool::test
