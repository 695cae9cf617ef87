// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace carpool {

/// Counts of positive integers in log-linear buckets (as in HdrHistogram): values up to 2^(SubBits + 1) are
/// counted exactly, larger ones within a relative width of 2^-SubBits, and values above 2^MaxBits in the last
/// bucket. Every power of two is the largest value of its bucket; 0 counts as 1. A plain value without
/// allocation; not thread-safe.
template <unsigned SubBits, unsigned MaxBits>
class histogram {
 public:
  static constexpr std::size_t bucket_count = std::size_t{MaxBits - SubBits + 1} << SubBits;

  /// Counts a value, so many times.
  void record(std::uint64_t value, std::uint64_t times = 1) noexcept {
    counts_[bucket_of(value)] += times;
    count_ += times;
    sum_ += value * times;
  }

  /// Number of recorded values, and their exact sum.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }
  [[nodiscard]] double mean() const noexcept {
    return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }

  /// Recorded values not above `bound`; the bucket that `bound` falls into counts when `bound` is its largest
  /// value.
  [[nodiscard]] std::uint64_t count_up_to(std::uint64_t bound) const noexcept {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < bucket_count && largest_in(i) <= bound; ++i) total += counts_[i];
    return total;
  }

  /// The smallest bucket bound that at least the share `q` (0 to 1) of the values does not exceed; 0 when
  /// empty.
  [[nodiscard]] std::uint64_t quantile(double q) const noexcept {
    const double wanted = q * static_cast<double>(count_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < bucket_count; ++i) {
      seen += counts_[i];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return largest_in(i);
    }
    return 0;
  }

 private:
  static constexpr std::size_t sub_buckets = std::size_t{1} << SubBits;

  // An octave has `sub_buckets` steps; those of the first two are of width 1. Counting from value - 1 makes a
  // bucket include its upper bound, as the `le` of Prometheus does.
  static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value > 0) --value;
    if (value < sub_buckets) return static_cast<std::size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - (SubBits + 1);
    const std::size_t bucket = (std::size_t{shift} << SubBits) + static_cast<std::size_t>(value >> shift);
    return bucket < bucket_count ? bucket : bucket_count - 1;
  }

  static constexpr std::uint64_t largest_in(std::size_t bucket) noexcept {
    if (bucket < sub_buckets) return bucket + 1;
    const std::size_t shift = (bucket >> SubBits) - 1;
    const std::uint64_t lead = sub_buckets + (bucket & (sub_buckets - 1));
    return (lead + 1) << shift;
  }

  std::array<std::uint64_t, bucket_count> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace carpool
