// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

namespace carpool {

/// Functors (a callable, a functor_set or a lane factory) that also say what a request costs: `work(const
/// In&)` returns it in a unit of the user's, at least 0, such as tokens or pixels. The batcher calls it where
/// a request is submitted, by several threads at once, so it must be cheap and thread-safe.
///
///     DynamicBatcher<text, label> batcher{{.max_batch_work = 16384},
///                                         carpool::with_work{classify, [](const text& t) { return t.size();
///                                         }}};
///
/// A class of one's own that serves as functors may simply have such a member.
template <class Functors, class Work>
struct with_work : Functors {
  static_assert(std::is_class_v<Functors>,
                "carpool: with_work takes a function object; wrap a function in a lambda");

  with_work(Functors functors, Work work_of) : Functors(std::move(functors)), work(std::move(work_of)) {}

  Work work;
};

namespace detail {
template <class Functors, class Work>
void takes_with_work(const with_work<Functors, Work>&);
}  // namespace detail

/// Made by with_work, also if more was added since: its work function is meant for this batcher's In. A
/// member `work` of a class of one's own may be for another one.
template <class Functors>
concept has_work = requires(const Functors& functors) {
  detail::takes_with_work(functors);
};

/// `functors.work(input)` is valid.
template <class Functors, class In>
concept knows_work = requires(const Functors& functors, const In& input) {
  { functors.work(input) } -> std::convertible_to<double>;
};

}  // namespace carpool
