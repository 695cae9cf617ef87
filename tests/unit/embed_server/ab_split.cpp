// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/ab_split.hpp"

#include "support/doctest.hpp"

#include <cstdint>
#include <initializer_list>

using embed_server::ab_split;

TEST_CASE("the share of the second arm is the one asked for, whatever identities have in common") {
  for (const unsigned percent : {0U, 5U, 50U, 95U, 100U}) {
    CAPTURE(percent);
    const ab_split split{percent};
    for (const std::uint64_t step : {1U, 2U, 100U, 65'536U}) {
      int second = 0;
      for (std::uint64_t i = 0; i < 20'000; ++i) second += split.to_second(i * step + 1) ? 1 : 0;
      CHECK(second / 200.0 == doctest::Approx(percent).epsilon(0.02).scale(50));
    }
  }
}

TEST_CASE("an identity stays in its arm") {
  const ab_split split{50};
  for (std::uint64_t i = 0; i < 100; ++i) CHECK(split.to_second(i) == split.to_second(i));
  CHECK(ab_split{60}.to_second(7) >= split.to_second(7));  // a larger share only adds
}
