// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace embed_server {

/// What --check finds, for people: a line per subject, with what is there or a sentence about what is wrong.
class check_report {
 public:
  /// Notes what `find` returns, or that what it throws is wrong. Whether it was good.
  template <class Find>
  bool look(std::string_view subject, Find find) {
    try {
      add("ok", subject, find());
      return true;
    } catch (const std::exception& error) {
      add("wrong", subject, error.what());
      ++faults_;
      return false;
    }
  }

  bool good() const noexcept { return faults_ == 0; }

  /// All lines, and what they amount to.
  std::string text() const {
    const std::string number = std::to_string(faults_);
    return lines_ + (good()         ? "The server can start.\n"
                     : faults_ == 1 ? "1 thing is wrong.\n"
                                    : number + " things are wrong.\n");
  }

 private:
  void add(std::string_view verdict, std::string_view subject, const std::string& what) {
    constexpr std::size_t verdict_width = 7, subject_width = 14;
    std::string line(verdict);
    line.resize(verdict_width, ' ');
    line += subject;
    line.resize(verdict_width + subject_width, ' ');
    lines_ += line + what + '\n';
  }

  std::string lines_;
  std::size_t faults_ = 0;
};

}  // namespace embed_server
