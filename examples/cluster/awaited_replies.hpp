// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cluster {

/// Which replies a gateway waits for. Without clock, threads and I/O. Not thread-safe.
///
/// A submission of several texts has one number and one id per text. Each id takes one reply, once: whatever
/// else comes, for callers who have left, from workers that came too late, for another gateway, is only
/// counted.
class awaited_replies {
 public:
  /// What a reply is for.
  struct place {
    std::uint64_t submission = 0;
    std::size_t index = 0;  ///< among its texts
    bool last = false;      ///< no other reply is missing
  };

  /// `gateway` begins every id; no other gateway may ever have had the same.
  explicit awaited_replies(std::string gateway) : gateway_(std::move(gateway)) {}

  /// A new submission of so many texts, at least one.
  std::uint64_t expect(std::size_t texts);

  /// The id of one of its texts.
  std::string id(std::uint64_t submission, std::size_t index) const;

  /// A reply with this id has come; empty if nobody waits for it.
  std::optional<place> take(std::string_view id);

  /// Nobody waits for the rest of this submission any more.
  void forget(std::uint64_t submission) { open_.erase(submission); }

  std::size_t submissions() const { return open_.size(); }

  /// Replies that nobody waited for.
  std::uint64_t unwanted() const { return unwanted_; }

 private:
  struct submission_state {
    std::vector<bool> taken;
    std::size_t missing = 0;
  };

  std::optional<place> find(std::string_view id);

  std::string gateway_;
  std::map<std::uint64_t, submission_state> open_;
  std::uint64_t next_ = 1;
  std::uint64_t unwanted_ = 0;
};

}  // namespace cluster
