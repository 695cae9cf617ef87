// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <atomic>
#include <cstddef>
#include <string_view>

namespace embed_server {

/// An open file, pipe or terminal that logs are written to. A pipe whose reader is stuck has no room, perhaps
/// for ever: writing waits for it, but not past the end of the program.
class output_file {
 public:
  /// Closes the descriptor at its end; -1 is none.
  explicit output_file(int descriptor) noexcept { replace(descriptor); }
  ~output_file();
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  int descriptor() const noexcept { return descriptor_; }

  /// Closes the old one. Not while something is being written.
  void replace(int descriptor) noexcept;

  /// How many of the bytes were written; fewer than all if that failed, and errno then says why.
  std::size_t write(std::string_view bytes) noexcept;

  /// From now on nothing is waited for longer than a second, and once that was in vain nothing at all.
  /// Thread-safe.
  void hurry() noexcept { in_a_hurry_ = true; }

 private:
  bool wait_for_room() noexcept;

  int descriptor_ = -1;
  std::size_t most_at_once_ = 0;  // bytes
  std::atomic<bool> in_a_hurry_ = false;
  bool stuck_ = false;
};

}  // namespace embed_server
