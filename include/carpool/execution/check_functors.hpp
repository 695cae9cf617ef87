// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/concepts.hpp>
#include <carpool/with_work.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace carpool::execution {

/// Refuses wrong functors with one sentence: each check is reached only when those before it hold.
template <class Set, class In, class Out>
constexpr void check_functor_set() {
  static_assert(
      collates<Set, In>,
      "carpool: give a callable taking std::span<In>, a functor_set whose collate takes std::span<In>, or a "
      "lane factory taking std::size_t");
  if constexpr (collates<Set, In>) {
    static_assert(models<Set, In>, "carpool: model must be callable with what collate returns");
    if constexpr (models<Set, In>) {
      if constexpr (splits_nothing<Set>) {
        static_assert(result_range<model_result_of<Set, In>, Out>,
                      "carpool: without a split, model must return a range with one Out (or "
                      "boost::system::result<Out>) per item");
      } else {
        static_assert(splits<Set, In>,
                      "carpool: split must be callable with what model returns and std::size_t");
        if constexpr (splits<Set, In>)
          static_assert(
              result_range<split_result_of<Set, In>, Out>,
              "carpool: split must return a range with one Out (or boost::system::result<Out>) per item");
      }
    }
  }
}

/// The same for a single callable.
template <class Run, class In, class Out>
constexpr void check_run() {
  static_assert(
      result_range<std::invoke_result_t<Run&, std::span<In>>, Out>,
      "carpool: the callable must return a range with one Out (or boost::system::result<Out>) per item");
}

/// What a batcher needs of the types it carries.
template <class In, class Out>
constexpr void check_types() {
  static_assert(std::is_object_v<In> && std::is_object_v<Out>,
                "carpool: In and Out must be object types, neither references nor void");
  static_assert(
      !std::is_same_v<In, bool>,
      "carpool: In must not be bool, because a std::vector<bool> is no row of bools; take char, or a "
      "struct with a bool");
  static_assert(std::move_constructible<In>, "carpool: In must be move constructible");
  static_assert(
      std::is_nothrow_move_constructible_v<Out>,
      "carpool: Out must be nothrow move constructible, or a result could get lost on its way to the caller");
  static_assert(
      std::is_default_constructible_v<Out>,
      "carpool: Out must be default constructible, because a failed request completes with an empty Out");
}

/// What a function needs that tells the work of a request.
template <class Functors, class In>
constexpr void check_work() {
  static_assert(knows_work<Functors, In>,
                "carpool: work must be callable as const with a const In&, and return a number");
  if constexpr (knows_work<Functors, In>)
    static_assert(
        std::copy_constructible<Functors>,
        "carpool: functors with a work function must be copyable, for it is called where requests are "
        "submitted");
}

/// What requests need that share runs.
template <class Functors, class In, class Out>
concept can_share = std::copy_constructible<In> && std::copy_constructible<Out> &&
    requires(const Functors& functors, const In& input) {
  { functors.identity.hash(input) } -> std::convertible_to<std::size_t>;
  { functors.identity.equal(input, input) } -> std::convertible_to<bool>;
};

template <class Functors, class In, class Out>
constexpr void check_identity() {
  static_assert(std::copy_constructible<In> && std::copy_constructible<Out>,
                "carpool: requests that share runs need an In and an Out that can be copied");
  if constexpr (std::copy_constructible<In> && std::copy_constructible<Out>)
    static_assert(can_share<Functors, In, Out>,
                  "carpool: single_flight needs a hash and an equality for In; give it yours if there is no "
                  "std::hash<In> or no operator==");
}

}  // namespace carpool::execution
