// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/time_runs.hpp>

#include <ATen/ops/empty.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

using namespace carpool::bert;

namespace {

/// Remembers how many tokens it was given, and the longest text.
class diary final : public device_lane {
 public:
  at::Tensor run(const packed_batch& batch) override {
    tokens.push_back(batch.token_count());
    longest = batch.longest();
    return at::empty({static_cast<std::int64_t>(batch.texts()), 1});
  }
  std::vector<std::size_t> tokens;
  std::size_t longest = 0;
};

}  // namespace

TEST_CASE("a lane is timed with batches of the sizes asked for, each four times") {
  diary lane;
  const std::array<std::size_t, 2> sizes{100, 300};
  const auto runs = time_runs(lane, 64, sizes);
  CHECK(lane.tokens == std::vector<std::size_t>{100, 100, 100, 100, 300, 300, 300, 300});
  CHECK(lane.longest == 64);
  REQUIRE(runs.size() == 2);
  CHECK(runs[1].tokens == 300);
  CHECK(runs[0].seconds > 0);
}
