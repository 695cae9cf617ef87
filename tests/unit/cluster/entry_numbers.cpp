// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/entry_numbers.hpp"

#include "support/doctest.hpp"

#include <set>
#include <string>

TEST_CASE("Q12: no two texts of a gateway have the same number, and another gateway begins elsewhere") {
  cluster::entry_numbers mine, anothers;
  std::set<std::string> given;
  for (int i = 0; i < 1000; ++i) {
    const std::string number = mine.next();
    CHECK(number.size() == 12);
    CHECK(number.find_first_not_of("0123456789") == number.npos);
    CHECK(given.insert(number).second);
  }
  CHECK(anothers.next() != *given.begin());
}
