// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/concepts.hpp>
#include <carpool/error.hpp>
#include <carpool/execution/check_functors.hpp>
#include <carpool/execution/rerun.hpp>
#include <carpool/execution/stopwatch.hpp>

#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace carpool::execution {

/// The functors of one lane behind one indirect call per batch. Used by one thread at a time.
template <class In, class Out>
class pipeline {
 public:
  using results = std::vector<boost::system::result<Out>>;

  virtual ~pipeline() = default;

  /// Runs the batch and appends to `out` one result per input, in order; returns whether some of them are
  /// errors. Throws what a functor throws, and system_error(result_count_mismatch) when the number of results
  /// differs; `out` may then hold some results more than before. With a stopwatch it takes the time of each
  /// step.
  virtual bool run(std::span<In> inputs, results& out, stopwatch* watch) = 0;

  /// Whether the same inputs can be run again.
  [[nodiscard]] virtual rerun again() const noexcept = 0;

 protected:
  /// Moves one result per item out of what split (or a model without one) returned.
  template <class Range>
  [[nodiscard]] static bool gather(Range&& range, std::size_t expected, results& out) {
    bool any_failed = false;
    if constexpr (std::ranges::sized_range<Range>) {
      check_count(static_cast<std::size_t>(std::ranges::size(range)), expected);
      for (auto&& item : range) any_failed |= !append(std::move(item), out);
    } else {
      std::size_t count = 0;
      for (auto&& item : range) {
        if (count++ == expected) mismatch("more than " + std::to_string(expected), expected);
        any_failed |= !append(std::move(item), out);
      }
      check_count(count, expected);
    }
    return any_failed;
  }

 private:
  /// It can fail, also where Out can be made from anything, as std::any can.
  template <class Item>
  static constexpr bool is_result_of_out =
      std::same_as<std::remove_cvref_t<Item>, boost::system::result<Out>>;

  /// False: it is an error.
  template <class Item>
  static bool append(Item&& item, results& out) {
    if constexpr (std::convertible_to<Item, Out> && !is_result_of_out<Item>) {
      out.emplace_back(boost::system::in_place_value, static_cast<Out>(std::forward<Item>(item)));
    } else if (item.has_value()) {
      out.emplace_back(boost::system::in_place_value, static_cast<Out>(*std::forward<Item>(item)));
    } else {
      const boost::system::error_code why = item.error();
      out.emplace_back(boost::system::in_place_error,
                       why.failed() ? why : make_error_code(error::model_failed));
      return false;
    }
    return true;
  }

  static void check_count(std::size_t returned, std::size_t expected) {
    if (returned != expected) mismatch(std::to_string(returned), expected);
  }

  [[noreturn]] static void mismatch(const std::string& returned, std::size_t expected) {
    throw boost::system::system_error(error::result_count_mismatch,
                                      returned + " results for " + std::to_string(expected) + " requests");
  }
};

/// collate, model, split.
template <class In, class Out, class Set>
class set_pipeline final : public pipeline<In, Out> {
 public:
  explicit set_pipeline(Set&& functors) : set_(std::move(functors)) { check_functor_set<Set, In, Out>(); }

  bool run(std::span<In> inputs, typename pipeline<In, Out>::results& out, stopwatch* watch) override {
    const auto collated = [&]() -> decltype(auto) {
      return stopwatch::timed(watch, &batch_times::collate,
                              [&]() -> decltype(auto) { return set_.collate(inputs); });
    };
    const auto modelled = [&]() -> decltype(auto) {
      return stopwatch::timed(watch, &batch_times::model,
                              [&]() -> decltype(auto) { return set_.model(collated()); });
    };
    return stopwatch::timed(watch, &batch_times::split, [&] {
      if constexpr (splits_nothing<Set>)
        return this->gather(modelled(), inputs.size(), out);
      else
        return this->gather(set_.split(modelled(), inputs.size()), inputs.size(), out);
    });
  }

  [[nodiscard]] rerun again() const noexcept override { return rerun_of<Set, In>(); }

 private:
  Set set_;
};

/// A single callable: collate and split are the identity.
template <class In, class Out, class Run>
class run_pipeline final : public pipeline<In, Out> {
 public:
  explicit run_pipeline(Run&& callable) : run_(std::move(callable)) { check_run<Run, In, Out>(); }

  bool run(std::span<In> inputs, typename pipeline<In, Out>::results& out, stopwatch* watch) override {
    return stopwatch::timed(watch, &batch_times::model,
                            [&] { return this->gather(std::invoke(run_, inputs), inputs.size(), out); });
  }

  [[nodiscard]] rerun again() const noexcept override { return rerun_of<Run, In>(); }

 private:
  Run run_;
};

/// Wraps a functor set or a single callable.
template <class In, class Out, class Functors>
[[nodiscard]] std::unique_ptr<pipeline<In, Out>> make_pipeline(Functors functors) {
  if constexpr (runs_inputs<Functors, In>)
    return std::make_unique<run_pipeline<In, Out, Functors>>(std::move(functors));
  else
    return std::make_unique<set_pipeline<In, Out, Functors>>(std::move(functors));
}

/// Makes the pipeline of a lane; called once per lane, never by two threads at once.
template <class In, class Out>
using pipeline_factory = std::function<std::unique_ptr<pipeline<In, Out>>(std::size_t lane)>;

/// A factory from what the user gave: a lane factory is asked for each lane, functors are copied for all
/// lanes but the last, which gets the original. Throws std::invalid_argument if several lanes would need
/// copies of move-only functors.
template <class In, class Out, class Functors>
[[nodiscard]] pipeline_factory<In, Out> make_pipeline_factory(Functors functors, std::size_t lanes) {
  auto shared = std::make_shared<Functors>(std::move(functors));  // std::function wants to copy what it holds
  if constexpr (lane_factory<Functors, In>) {
    return [shared](std::size_t lane) { return make_pipeline<In, Out>(std::invoke(*shared, lane)); };
  } else {
    if (lanes > 1 && !std::copy_constructible<Functors>)
      throw std::invalid_argument(
          "carpool::options::lanes is " + std::to_string(lanes) +
          ", but the functors cannot be copied; it must be 1, or give a lane factory");
    const auto left = std::make_shared<std::size_t>(lanes);
    return [shared, left](std::size_t lane) {
      if (*left == 0)
        throw std::invalid_argument("carpool::options::lanes cannot grow beyond " + std::to_string(lane) +
                                    ": the functors were given to the lanes there are; give a lane factory");
      if constexpr (std::copy_constructible<Functors>)
        if (*left > 1) {
          --*left;
          return make_pipeline<In, Out>(Functors(*shared));
        }
      --*left;
      return make_pipeline<In, Out>(std::move(*shared));
    };
  }
}

}  // namespace carpool::execution
