// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/json_file.hpp>
#include <carpool/bert/longest_first.hpp>

#include <cstddef>
#include <filesystem>
#include <limits>
#include <utility>
#include <vector>

using namespace carpool::bert;

namespace {

using kept = std::pair<std::size_t, std::size_t>;

}  // namespace

TEST_CASE("what fits is kept, else the longer text is cut, and then both") {
  CHECK(longest_first(4, 5, 9) == kept{4, 5});
  CHECK(longest_first(2, 9, 7) == kept{2, 5});
  CHECK(longest_first(9, 2, 7) == kept{5, 2});
  CHECK(longest_first(9, 20, 8) == kept{4, 4});
  CHECK(longest_first(9, 20, 7) == kept{3, 4});
  CHECK(longest_first(20, 9, 7) == kept{4, 3});
  CHECK(longest_first(9, 9, 7) == kept{3, 4});
  CHECK(longest_first(0, 9, 7) == kept{0, 7});
  CHECK(longest_first(5, 5, 0) == kept{0, 0});
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  CHECK(longest_first(most, most, 6) == kept{3, 3});
}

TEST_CASE("pairs are cut as tokenizers cuts them, for all short lengths and limits") {
  const json_file file{std::filesystem::path{CARPOOL_TEST_GOLDENS} / "classifier" / "longest_first.json"};
  const json_value::array& rows = file.value().as_array(file.name());
  REQUIRE(rows.size() > 1000);
  for (const json_value& row : rows) {
    std::vector<std::size_t> n;
    for (const json_value& number : row.as_array(file.name()))
      n.push_back(static_cast<std::size_t>(number.as_integer(file.name())));
    CAPTURE(n[0]);
    CAPTURE(n[1]);
    CAPTURE(n[2]);
    CHECK(longest_first(n[1], n[2], n[0] - 3) == kept{n[3], n[4]});
  }
}
