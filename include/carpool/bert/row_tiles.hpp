// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace carpool::bert {

/// Runs the rows of a matrix in pieces of a few sizes, so that a row's result is bitwise the same whatever
/// the number of rows and wherever it stands among them. Matrix libraries choose their kernels by the number
/// of rows, and other kernels add up in another order; whether two sizes agree is found out by trying.
class row_tiles {
 public:
  /// One piece: rows [first, first + count), filled up to `size`.
  struct piece {
    std::int64_t first;
    std::int64_t count;
    std::int64_t size;

    friend bool operator==(const piece&, const piece&) = default;
  };

  /// `sizes` ascend; at least one.
  explicit row_tiles(std::vector<std::int64_t> sizes) : sizes_(std::move(sizes)) {}

  /// Those sizes that give each of so many equal rows the same result, where `run(x [rows, width]) ->
  /// [rows, n]`; of sizes that do not agree with each other, most that do, and rather the large ones. Throws
  /// `std::invalid_argument` if there is none.
  template <class Run>
  static row_tiles find(Run run, std::int64_t width, const at::TensorOptions& options) {
    const std::vector<agreement> found = agreements(run, width, options);
    if (found.empty()) {
      throw std::invalid_argument(
          "model_options::invariant is set, but on this machine linear layers give equal rows different "
          "results");
    }
    return row_tiles{
        std::max_element(found.rbegin(), found.rend(), [](const agreement& a, const agreement& b) {
          return a.sizes.size() < b.sizes.size();
        })->sizes};
  }

  /// All sizes that were tried, if they all agree.
  template <class Run>
  static std::optional<row_tiles> find_all(Run run, std::int64_t width, const at::TensorOptions& options) {
    std::vector<agreement> found = agreements(run, width, options);
    if (found.size() != 1 || found.front().sizes != candidates(options.device())) return std::nullopt;
    return row_tiles{std::move(found.front().sizes)};
  }

  /// The pieces of so many rows, in order, large ones first. What is left at the end goes into the smallest
  /// that holds it, if that is filled up by an eighth at most, or two pieces would have no fewer rows.
  [[nodiscard]] std::vector<piece> cut(std::int64_t rows) const {
    std::vector<piece> pieces;
    std::size_t size = sizes_.size() - 1;
    for (std::int64_t first = 0; first < rows;) {
      const std::int64_t left = rows - first;
      while (size > 0 && !suits(size, left)) --size;
      const std::int64_t count = left < sizes_[size] ? left : sizes_[size];
      pieces.push_back({first, count, sizes_[size]});
      first += count;
    }
    return pieces;
  }

  /// run(x), in pieces. x [rows, width] -> [rows, n]
  template <class Run>
  at::Tensor operator()(Run run, const at::Tensor& x) const {
    std::vector<at::Tensor> results;
    for (const piece& each : cut(x.size(0)))
      results.push_back(
          run(filled_up(x.narrow(0, each.first, each.count), each.size)).narrow(0, 0, each.count));
    return results.size() == 1 ? results.front() : at::cat(results);
  }

 private:
  [[nodiscard]] bool suits(std::size_t size, std::int64_t left) const {
    if (left <= sizes_[size - 1]) return false;
    return 8 * left >= 7 * sizes_[size] || sizes_[size] <= sizes_[size - 1] + sizes_.front();
  }

  /// Sizes that give equal rows this result.
  struct agreement {
    at::Tensor row;
    std::vector<std::int64_t> sizes;
  };

  template <class Run>
  static std::vector<agreement> agreements(Run run, std::int64_t width, const at::TensorOptions& options) {
    // Sines are all different and have all their digits, so that another order of adding shows.
    const at::Tensor row = at::arange(width, at::kFloat).sin().to(options);
    std::vector<agreement> found;
    for (const std::int64_t size : candidates(options.device())) {
      const at::Tensor results = bits_of(run(row.expand({size, width}).contiguous()));
      const at::Tensor first = results.narrow(0, 0, 1);
      if (!results.eq(first).all().item<bool>()) continue;
      const auto same = std::find_if(found.begin(), found.end(),
                                     [&](const agreement& each) { return each.row.equal(first); });
      if (same != found.end())
        same->sizes.push_back(size);
      else
        found.push_back({first.clone(), {size}});
    }
    return found;
  }

  /// Sizes to try. A CPU runs single texts, which are a few rows each, as long as they have rows; a GPU runs
  /// a few more rows in the same time.
  static std::vector<std::int64_t> candidates(c10::Device device) {
    const bool fine = !device.is_cuda();
    std::vector<std::int64_t> sizes;
    std::int64_t size = 16;
    for (; fine && size < 128; size += 8) sizes.push_back(size);
    for (; size <= (fine ? 1024 : 16384); size *= 2) sizes.push_back(size);
    return sizes;
  }

  static at::Tensor filled_up(const at::Tensor& rows, std::int64_t size) {
    if (rows.size(0) == size) return rows;
    return at::cat({rows, at::zeros({size - rows.size(0), rows.size(1)}, rows.options())});
  }

  /// The numbers' bits as integers, which are equal where the bits are.
  static at::Tensor bits_of(const at::Tensor& numbers) {
    return numbers.contiguous().view(numbers.element_size() == 2 ? at::kShort : at::kInt);
  }

  std::vector<std::int64_t> sizes_;
};

}  // namespace carpool::bert
