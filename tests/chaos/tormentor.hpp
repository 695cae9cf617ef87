// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fault.hpp"
#include "journal.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <vector>

namespace chaos {

/// Inflicts one fault after the other, on a thread of its own, each when everybody has recovered from the one
/// before. Which ones in which order, on whom and for how long follows from the seed; how many depends on how
/// soon the cluster recovers. All faults come once before one comes again. The journal has what went wrong;
/// after that nothing is done any more.
class tormentor {
 public:
  tormentor(std::function<void()> await_recovery, journal& journal, std::vector<fault> faults,
            std::uint64_t seed);

  ~tormentor() { stopping_ = true; }
  tormentor(const tormentor&) = delete;
  tormentor& operator=(const tormentor&) = delete;

  /// Returns when what it does has been undone.
  void stop();

 private:
  void torment();
  const fault& next();

  std::function<void()> await_recovery_;
  journal& journal_;
  const std::vector<fault> faults_;
  std::vector<std::size_t> left_;  // of this round
  carpool::test::dice dice_;
  std::atomic<bool> stopping_ = false;
  std::future<void> done_;
};

}  // namespace chaos
