// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace chaos {

/// What Redis' own log of commands says about the requests of a queue: whether each that is in it has exactly
/// one reply. What Redis has lost is not in it, and need not have one; nor need what a gateway took out of
/// the queue, because its caller had left.
class history {
 public:
  explicit history(std::string_view queue) : prefix_("{cp:" + std::string(queue) + "}:") {}

  void add(const std::vector<std::string>& command);

  std::size_t requests() const { return requests_; }
  /// Replies more than one to one request.
  std::size_t repeated() const { return repeated_; }
  /// Requests without a reply that nobody took out.
  std::size_t unanswered() const;
  /// Those that somebody did.
  std::size_t withdrawn() const;

 private:
  struct entry {
    bool asked = false;
    bool withdrawn = false;
    std::uint32_t replies = 0;
  };

  std::string prefix_;
  std::map<std::string, entry> by_id_;
  std::map<std::string, std::string> open_;  // ids by the names of entries that no worker has finished
  std::size_t requests_ = 0;
  std::size_t repeated_ = 0;
};

}  // namespace chaos
