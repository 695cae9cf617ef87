// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/memory_headroom.hpp>

#include <limits>
#include <stdexcept>

using namespace carpool::bert;

namespace {

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30U;

}  // namespace

TEST_CASE("of an empty device everything but the headroom may be taken") {
  CHECK(memory_share("cuda:0", {100, 100, 0}, 0.1) == doctest::Approx(0.9));
  CHECK(memory_share("cuda:0", {100, 100, 0}, 0) == doctest::Approx(1));
}

TEST_CASE("what others have is not taken, what this process has counts") {
  CHECK(memory_share("cuda:0", {100, 60, 0}, 0.1) == doctest::Approx(0.5));
  CHECK(memory_share("cuda:0", {100, 60, 20}, 0.1) == doctest::Approx(0.7));
}

TEST_CASE("a device on which less is free than has to stay free is refused, with the numbers") {
  CHECK_THROWS_WITH_AS(
      static_cast<void>(memory_share("cuda:1", {80 * gibibyte, gibibyte, 0}, 0.1)),
      "cuda:1: 1024 of 81920 MiB are free, which is less than model_options::memory_headroom keeps "
      "free",
      load_error);
}

TEST_CASE("a headroom that is no share is refused") {
  for (const double wrong : {-0.1, 1.0, 20.0, std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_AS(static_cast<void>(memory_share("cuda:0", {100, 100, 0}, wrong)), std::invalid_argument);
}
