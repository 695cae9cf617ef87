// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/error.hpp>
#include <carpool/execution/pipeline.hpp>
#include <carpool/execution/rerun.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace carpool::execution {

/// The code that a request of a failed batch gets.
[[nodiscard]] inline boost::system::error_code code_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& thrown) {
    return thrown.code().failed() ? thrown.code() : make_error_code(error::model_failed);
  } catch (const std::bad_alloc&) {
    return error::out_of_memory;
  } catch (...) {
    return error::model_failed;
  }
}

/// Runs a batch that failed again in halves, and those that fail again in halves, the largest parts first:
/// only requests that fail alone fail, each with an error of its own. With one guilty among n this takes at
/// most 2 log2 n + 1 runs; when no run is left, what is not rescued fails with what its part failed with.
///
/// A batch that did not fit into memory is no such case: nobody is guilty, and it is halved until it fits.
/// When the device is lost, who is neither rescued nor known to be guilty fails with that.
template <class In, class Out>
class salvage {
 public:
  using results = typename pipeline<In, Out>::results;

  /// `runs` is how many runs are allowed beside those for lack of memory.
  salvage(pipeline<In, Out>& functors, std::size_t runs) noexcept : functors_(functors), most_runs_(runs) {}

  /// Fills `out` with one result per input. `why` is what all of them together failed with.
  void run_halves(std::span<In> inputs, boost::system::error_code why, results& out) {
    errors_.assign(inputs.size(), why);
    rescued_.resize(inputs.size());
    failed({0, inputs.size(), why});
    for (std::size_t i = 0; i < failed_.size(); ++i) {
      const part whole = failed_[i];
      if (whole.count < 2) continue;
      const std::size_t half = (whole.count + 1) / 2;
      run_part({whole.first, half, whole.why}, inputs);
      run_part({whole.first + half, whole.count - half, whole.why}, inputs);
    }
    if (lost_device_) lose_the_rest();
    hand_over(out);
  }

  /// The smallest part that did not fit into memory, as [first, first + count); none if all did.
  struct misfit {
    std::size_t first = 0;
    std::size_t count = 0;
  };
  [[nodiscard]] const misfit& smallest_misfit() const noexcept { return misfit_; }

  /// The device was lost meanwhile.
  [[nodiscard]] bool lost_device() const noexcept { return lost_device_; }

  /// Runs that were made beside those for lack of memory.
  [[nodiscard]] std::size_t runs() const noexcept { return runs_; }

 private:
  struct part {
    std::size_t first;
    std::size_t count;
    boost::system::error_code why;
  };

  void run_part(part tried, std::span<In> inputs) {
    if (lost_device_) return;
    if (tried.why != error::out_of_memory) {
      if (runs_ == most_runs_) return;
      ++runs_;
    }
    try {
      results part_results;
      functors_.run(to_run(inputs.subspan(tried.first, tried.count)), part_results, nullptr);
      for (std::size_t i = 0; i < tried.count; ++i)
        rescued_[tried.first + i].emplace(std::move(part_results[i]));
    } catch (...) {
      tried.why = code_of(std::current_exception());
      std::fill_n(errors_.begin() + static_cast<std::ptrdiff_t>(tried.first), tried.count, tried.why);
      lost_device_ = tried.why == error::device_lost;
      failed(tried);
    }
  }

  void failed(const part& tried) {
    if (tried.why == error::out_of_memory && (misfit_.count == 0 || tried.count < misfit_.count))
      misfit_ = {tried.first, tried.count};
    failed_.push_back(tried);
  }

  void lose_the_rest() {
    std::fill(errors_.begin(), errors_.end(), make_error_code(error::device_lost));
    for (const part& each : failed_)
      if (each.count == 1) errors_[each.first] = each.why;
  }

  /// The inputs, or copies of them for functors that may change them.
  std::span<In> to_run(std::span<In> inputs) {
    if constexpr (std::is_trivially_copyable_v<In> && std::copy_constructible<In>) {
      if (functors_.again() == rerun::from_a_copy) {
        copies_.clear();
        copies_.insert(copies_.end(), inputs.begin(), inputs.end());
        return copies_;
      }
    }
    return inputs;
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
  const std::size_t most_runs_;
  std::size_t runs_ = 0;
  misfit misfit_;
  bool lost_device_ = false;
  std::vector<In> copies_;
  std::vector<std::optional<boost::system::result<Out>>> rescued_;
  std::vector<boost::system::error_code> errors_;  // of those that are not rescued
  std::vector<part> failed_;  // in the order in which they failed, so the largest come first
};

}  // namespace carpool::execution
