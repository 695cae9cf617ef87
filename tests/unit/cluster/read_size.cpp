// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/read_size.hpp"

#include "support/doctest.hpp"

TEST_CASE("Q10: after a failure one entry is asked for, then twice as many each time, up to the most") {
  cluster::read_size size{5};
  CHECK(size.entries() == 5);
  size.failed();
  CHECK(size.entries() == 1);
  for (const unsigned expected : {2U, 4U, 5U, 5U}) {
    size.succeeded();
    CHECK(size.entries() == expected);
  }
}
