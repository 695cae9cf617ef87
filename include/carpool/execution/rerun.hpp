// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Whether functors can be given the same inputs a second time, which is what it takes to find out who made a
// batch fail.

#pragma once

#include <concepts>
#include <span>
#include <type_traits>
#include <utility>

namespace carpool::execution {

/// How inputs that went through functors once can go through them again.
enum class rerun {
  never,        ///< the functors may have moved from them
  as_they_are,  ///< the functors do not change them
  from_a_copy,  ///< cheap to copy, so the lane keeps a copy
};

/// `F` is called with std::span<const In>, so it leaves the inputs as they are. A template is not asked,
/// because looking into it could fail to compile.
template <class F, class In>
concept takes_const =
    (std::is_pointer_v<F> || requires { &F::operator(); }) && std::invocable<F&, std::span<const In>>;

template <class Set, class In>
[[nodiscard]] consteval bool collates_const() {
  if constexpr (requires { &Set::collate; }) {
    using member = decltype(&Set::collate);
    if constexpr (std::is_member_function_pointer_v<member>)
      return std::invocable<member, Set&, std::span<const In>>;
    else
      return takes_const<std::remove_cvref_t<decltype(std::declval<Set&>().collate)>, In>;
  } else {
    return false;
  }
}

/// What is known of a functor set or a single callable: what it says itself (`static constexpr bool
/// can_run_again`), else what the type of its parameter says.
template <class Functors, class In>
[[nodiscard]] consteval rerun rerun_of() {
  if constexpr (requires {
                  { Functors::can_run_again } -> std::convertible_to<bool>;
                })
    return Functors::can_run_again ? rerun::as_they_are : rerun::never;
  else if constexpr (takes_const<Functors, In> || collates_const<Functors, In>())
    return rerun::as_they_are;
  else if constexpr (std::is_trivially_copyable_v<In> && std::is_copy_constructible_v<In>)
    return rerun::from_a_copy;
  else
    return rerun::never;
}

}  // namespace carpool::execution
