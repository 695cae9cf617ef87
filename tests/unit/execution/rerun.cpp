// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/rerun.hpp>
#include <carpool/functor_set.hpp>

#include <support/doctest.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace carpool;
using namespace carpool::execution;
using texts = std::vector<std::string>;

namespace {

texts by_const_span(std::span<const std::string>) { return {}; }
texts by_span(std::span<std::string>) { return {}; }
[[maybe_unused]] const auto const_lambda = [](std::span<const std::string>) { return texts{}; };
[[maybe_unused]] const auto generic_lambda = [](auto inputs) { return texts{std::move(inputs[0])}; };

struct overloaded_set {
  texts collate(std::span<const std::string>);
  int collate(std::span<const int>);
};
struct const_set {
  texts collate(std::span<const std::string>);
};
struct moving_set {
  texts collate(std::span<std::string>);
};
struct promising_set : overloaded_set {
  static constexpr bool can_run_again = true;
};
struct reluctant_set : const_set {
  static constexpr bool can_run_again = false;
};

template <class In, class Functors>
constexpr rerun asked(const Functors&) {
  return rerun_of<Functors, In>();
}

}  // namespace

TEST_CASE("functors that take const inputs can have them again") {
  static_assert(asked<std::string>(&by_const_span) == rerun::as_they_are);
  static_assert(rerun_of<decltype(const_lambda), std::string>() == rerun::as_they_are);
  static_assert(rerun_of<const_set, std::string>() == rerun::as_they_are);
  using set = functor_set<decltype(&by_const_span), int, int>;
  static_assert(rerun_of<set, std::string>() == rerun::as_they_are);
}

TEST_CASE("functors that may move from their inputs cannot") {
  static_assert(asked<std::string>(&by_span) == rerun::never);
  static_assert(rerun_of<moving_set, std::string>() == rerun::never);
  static_assert(rerun_of<functor_set<decltype(&by_span), int, int>, std::string>() == rerun::never);
}

TEST_CASE("a template or an overload is not asked what it does to its inputs") {
  static_assert(rerun_of<decltype(generic_lambda), std::unique_ptr<int>>() == rerun::never);
  static_assert(rerun_of<overloaded_set, std::string>() == rerun::never);
}

TEST_CASE("inputs that are cheap to copy are copied") {
  const auto doubles_in_place = [](std::span<int> inputs) {
    for (int& x : inputs) x *= 2;
    return inputs;
  };
  static_assert(asked<int>(doubles_in_place) == rerun::from_a_copy);
  static_assert(rerun_of<decltype(generic_lambda), int>() == rerun::from_a_copy);
}

TEST_CASE("what functors say of themselves counts") {
  static_assert(rerun_of<promising_set, std::string>() == rerun::as_they_are);
  static_assert(rerun_of<reluctant_set, std::string>() == rerun::never);
}
