// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// A child process that answers each line with a line, after a first line of its own.
class line_process {
 public:
  /// Throws std::runtime_error when the program says nothing, as when it cannot be started.
  explicit line_process(std::vector<std::string> command) : name_(command.at(0)) {
    ::signal(SIGPIPE, SIG_IGN);  // a child that has gone is told of by its missing answer
    int to_child[2], from_child[2];
    if (::pipe(to_child) != 0 || ::pipe(from_child) != 0) throw std::runtime_error{"no pipe"};
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(to_child[0], STDIN_FILENO);
      ::dup2(from_child[1], STDOUT_FILENO);
      for (const int end : {to_child[0], to_child[1], from_child[0], from_child[1]}) ::close(end);
      std::vector<char*> arguments;
      for (std::string& argument : command) arguments.push_back(argument.data());
      arguments.push_back(nullptr);
      ::execvp(arguments[0], arguments.data());
      std::_Exit(127);
    }
    ::close(to_child[0]);
    ::close(from_child[1]);
    in_ = ::fdopen(from_child[0], "r");
    out_ = ::fdopen(to_child[1], "w");
    greeting_ = answer();
  }
  line_process(const line_process&) = delete;
  line_process& operator=(const line_process&) = delete;

  ~line_process() {
    std::fclose(out_);
    std::fclose(in_);
    ::waitpid(child_, nullptr, 0);
  }

  const std::string& greeting() const { return greeting_; }

  std::istringstream ask(const std::string& command) {
    std::fputs((command + "\n").c_str(), out_);
    std::fflush(out_);
    return std::istringstream{answer()};
  }

 private:
  std::string answer() {
    char line[1024];
    if (std::fgets(line, sizeof line, in_) == nullptr) throw std::runtime_error{name_ + " did not answer"};
    const std::string result{line};
    return result.substr(0, result.find('\n'));
  }

  const std::string name_;
  pid_t child_;
  FILE* in_;
  FILE* out_;
  std::string greeting_;
};

}  // namespace bench
