// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What functors have to look like. The batcher checks these once, at its constructor, and says in a sentence
// what is wrong.

#pragma once

#include <carpool/functor_set.hpp>

#include <boost/system/result.hpp>

#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

namespace carpool {

namespace detail {
template <class T, class Out>
inline constexpr bool is_result_for = false;
template <class T, class Out>
inline constexpr bool is_result_for<boost::system::result<T>, Out> = std::convertible_to<T, Out>;
}  // namespace detail

/// One item's result: an Out, or a boost::system::result<Out>.
template <class T, class Out>
concept item_result = std::convertible_to<T, Out> || detail::is_result_for<std::remove_cvref_t<T>, Out>;

/// A range of one result per item.
template <class R, class Out>
concept result_range = std::ranges::input_range<R> &&
    item_result<std::ranges::range_rvalue_reference_t<std::remove_reference_t<R>>, Out>;

/// A single callable that takes the inputs and returns one result per item.
template <class F, class In>
concept runs_inputs = std::invocable<F&, std::span<In>>;

/// Makes the functors of one lane from its index. What takes the inputs is asked no further: a generic lambda
/// need not compile with an index.
template <class F, class In>
concept lane_factory = !runs_inputs<F, In> && std::invocable<F&, std::size_t>;

/// `set.collate(std::span<In>)` is valid.
template <class Set, class In>
concept collates = requires(Set& set, std::span<In> inputs) {
  set.collate(inputs);
};

/// What collate returns.
template <class Set, class In>
using batch_of = decltype(std::declval<Set&>().collate(std::declval<std::span<In>>()));

/// `set.model(batch)` is valid.
template <class Set, class In>
concept models = requires(Set& set) {
  set.model(std::declval<batch_of<Set, In>>());
};

/// What model returns.
template <class Set, class In>
using model_result_of = decltype(std::declval<Set&>().model(std::declval<batch_of<Set, In>>()));

/// A functor_set without a split: the model itself returns one result per item.
template <class Set>
concept splits_nothing = requires(Set& set) {
  requires std::same_as<std::remove_cvref_t<decltype((set.split))>, no_split>;
};

/// `set.split(result, n)` is valid.
template <class Set, class In>
concept splits = requires(Set& set, std::size_t n) {
  set.split(std::declval<model_result_of<Set, In>>(), n);
};

/// What split returns.
template <class Set, class In>
using split_result_of =
    decltype(std::declval<Set&>().split(std::declval<model_result_of<Set, In>>(), std::size_t{}));

}  // namespace carpool
