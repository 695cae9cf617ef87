// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

namespace carpool {

/// std::hash of whatever type.
struct standard_hash {
  template <class T>
  [[nodiscard]] auto operator()(const T& value) const -> decltype(std::hash<T>{}(value)) {
    return std::hash<T>{}(value);
  }
};

/// When two inputs are the same: `equal(a, b)`, and then `hash(a) == hash(b)`.
template <class Hash = standard_hash, class Equal = std::equal_to<>>
struct input_identity {
  [[no_unique_address]] Hash hash{};
  [[no_unique_address]] Equal equal{};
};

/// Functors (a callable, a functor_set or a lane factory) whose requests share runs: a request whose input
/// equals one that waits or runs does not run itself but gets a copy of that one's result, or its error. Each
/// keeps its own deadline and cancellation, and if the one that runs leaves early another takes its place.
/// Nobody joins a run that has been called hung. Who shares counts against `max_queue_size` until it ends,
/// whether the run waits or has begun; `max_queue_work` and `max_queue_size_per_key` count one per run. In
/// and Out must be copyable; a caller whose copy throws gets the code of that exception.
///
///     DynamicBatcher<std::string, label> batcher{{}, carpool::single_flight{classify}};
///
/// `hash` and `equal` are called under the batcher's lock, so they must be cheap and must not call it; if
/// they throw, the request runs alone. A copy of each input is kept while it is here, and of some until
/// others come; it is made and destroyed under that lock, too. A class of one's own that serves as functors
/// may simply have such an `identity`.
template <class Functors, class Hash = standard_hash, class Equal = std::equal_to<>>
struct single_flight : Functors {
  static_assert(std::is_class_v<Functors>,
                "carpool: single_flight takes a function object; wrap a function in a lambda");

  explicit single_flight(Functors functors, Hash hash = {}, Equal equal = {})
      : Functors(std::move(functors)), identity{std::move(hash), std::move(equal)} {}

  input_identity<Hash, Equal> identity;
};

/// The functors have an identity.
template <class Functors>
concept shares_runs = requires(const Functors& functors) {
  functors.identity.hash;
  functors.identity.equal;
};

}  // namespace carpool
