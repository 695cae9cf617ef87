// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/kafka/bookmark.hpp"

#include "support/doctest.hpp"

using cluster::bookmark;
using cluster::metadata_of;
using cluster::parse_bookmark;

TEST_CASE("K11: what had been begun goes through the metadata of an offset") {
  const bookmark mark{.partition = 3, .offset = 1'000'000'000'000, .begun = 1'000'000'000'007, .times = 2};
  CHECK(parse_bookmark(3, mark.offset, metadata_of(mark)) == mark);
}

TEST_CASE("K11: where all that was begun is finished there is no metadata") {
  CHECK(metadata_of({.partition = 3, .offset = 8, .begun = 8}).empty());
}

TEST_CASE("K11: metadata of others says that nothing had been begun") {
  for (const char* text :
       {"", "rubbish", "carpool 1 ", "carpool 1 9", "carpool 1 9 ", "carpool 1 9 x", "carpool 1 9 1 1",
        "carpool 1 7 1", "carpool 1 -9 1", "carpool 2 9 1", "carpool 1 99999999999999999999 1"}) {
    INFO(text);
    CHECK(parse_bookmark(0, 7, text) == bookmark{.partition = 0, .offset = 7, .begun = 7});
  }
}
