// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/observe/observer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace embed_server {

/// Sums over the texts and batches of one model, in the terms of Triton's statistics extension, whose clients
/// divide one by another. Thread-safe.
class model_statistics final : public carpool::observer {
 public:
  /// So many times, and how long all together.
  struct sum {
    std::uint64_t count = 0;
    std::uint64_t nanoseconds = 0;

    void add(carpool::duration time) noexcept {
      ++count;
      nanoseconds += static_cast<std::uint64_t>(time.count());
    }

    sum& operator+=(const sum& other) noexcept {
      count += other.count;
      nanoseconds += other.nanoseconds;
      return *this;
    }
  };

  struct phases {
    sum compute_input;   ///< collate
    sum compute_infer;   ///< the model
    sum compute_output;  ///< split

    phases& operator+=(const phases& other) noexcept {
      compute_input += other.compute_input;
      compute_infer += other.compute_infer;
      compute_output += other.compute_output;
      return *this;
    }
  };

  struct snapshot {
    std::uint64_t inferences = 0;  ///< texts that a batch answered
    std::uint64_t executions = 0;  ///< batches
    std::chrono::system_clock::time_point last_inference{};
    sum success, fail;  ///< texts, from arrival to result
    sum queue;          ///< of texts that were answered
    phases by_text;     ///< likewise: a batch's time counts once for each text in it
    std::vector<phases>
        by_size;  ///< of batches, by their number of texts; the last entry is for all larger ones

    /// Both together. Precondition: the other tells no more sizes of batches apart, and had no larger ones.
    snapshot& operator+=(const snapshot& other);
  };

  /// Batches of up to `max_batch_size` are told apart by size.
  explicit model_statistics(std::size_t max_batch_size) { now_.by_size.resize(max_batch_size + 1); }

  [[nodiscard]] snapshot read() const;

  void on_batch_finished(const carpool::batch_report& batch) noexcept override;
  void on_request_ended(const carpool::request_report& request) noexcept override;

 private:
  mutable std::mutex mutex_;
  snapshot now_;
};

}  // namespace embed_server
