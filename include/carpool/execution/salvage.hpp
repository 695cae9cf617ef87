// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/error.hpp>
#include <carpool/execution/pipeline.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace carpool::execution {

/// The code that a request of a failed batch gets.
[[nodiscard]] inline boost::system::error_code code_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& thrown) {
    return thrown.code().failed() ? thrown.code() : make_error_code(error::model_failed);
  } catch (...) {
    return error::model_failed;
  }
}

/// Runs a batch that failed again in halves, and those that fail again in halves, the largest parts first:
/// only requests that fail alone fail, each with an error of its own. With one guilty among n this takes at
/// most 2 log2 n + 1 runs; when no run is left, what is not rescued fails with what its part failed with.
///
/// A batch that did not fit into memory is no such case: nobody is guilty, and it is halved until it fits.
template <class In, class Out>
class salvage {
 public:
  using results = typename pipeline<In, Out>::results;

  /// `runs` is how many runs are allowed beside those for lack of memory.
  salvage(pipeline<In, Out>& functors, std::size_t runs) noexcept : functors_(functors), runs_left_(runs) {}

  /// Fills `out` with one result per input. `why` is what all of them together failed with.
  void run_halves(std::span<In> inputs, boost::system::error_code why, results& out) {
    errors_.assign(inputs.size(), why);
    rescued_.resize(inputs.size());
    failed_.push_back({0, inputs.size(), why});
    for (std::size_t i = 0; i < failed_.size(); ++i) {
      const part whole = failed_[i];
      if (whole.count < 2) continue;
      const std::size_t half = (whole.count + 1) / 2;
      run_part({whole.first, half, whole.why}, inputs);
      run_part({whole.first + half, whole.count - half, whole.why}, inputs);
    }
    hand_over(out);
  }

  /// Runs that were made.
  [[nodiscard]] std::size_t runs() const noexcept { return runs_; }

 private:
  struct part {
    std::size_t first;
    std::size_t count;
    boost::system::error_code why;
  };

  void run_part(part tried, std::span<In> inputs) {
    if (tried.why != error::out_of_memory) {
      if (runs_left_ == 0) return;
      --runs_left_;
    }
    ++runs_;
    try {
      results part_results;
      functors_.run(inputs.subspan(tried.first, tried.count), part_results, nullptr);
      for (std::size_t i = 0; i < tried.count; ++i)
        rescued_[tried.first + i].emplace(std::move(part_results[i]));
    } catch (...) {
      tried.why = code_of(std::current_exception());
      std::fill_n(errors_.begin() + static_cast<std::ptrdiff_t>(tried.first), tried.count, tried.why);
      failed_.push_back(tried);
    }
  }

  void hand_over(results& out) {
    out.clear();
    for (std::size_t i = 0; i < errors_.size(); ++i) {
      if (rescued_[i])
        out.push_back(*std::move(rescued_[i]));
      else
        out.emplace_back(boost::system::in_place_error, errors_[i]);
    }
  }

  pipeline<In, Out>& functors_;
  std::size_t runs_left_;
  std::size_t runs_ = 0;
  std::vector<std::optional<boost::system::result<Out>>> rescued_;
  std::vector<boost::system::error_code> errors_;  // of those that are not rescued
  std::vector<part> failed_;  // in the order in which they failed, so the largest come first
};

}  // namespace carpool::execution
