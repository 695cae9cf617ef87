// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/packed_batch.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using carpool::bert::packed_batch;
using carpool::bert::row_bucket;
using carpool::bert::tokens;

namespace {

using numbers = std::vector<std::int32_t>;

numbers copy(std::span<const std::int32_t> span) { return {span.begin(), span.end()}; }

}  // namespace

TEST_CASE("texts are packed end to end, each with places of its own") {
  packed_batch batch;
  batch.append(tokens{{2, 7, 3}});
  batch.append(tokens{{2, 3}});
  batch.append(tokens{{2, 9, 9, 9, 3}});
  batch.close();
  CHECK(batch.texts() == 3);
  CHECK(batch.token_count() == 10);
  CHECK(batch.rows() == 10);
  CHECK(batch.longest() == 5);
  CHECK(copy(batch.ids()) == numbers{2, 7, 3, 2, 3, 2, 9, 9, 9, 3});
  CHECK(copy(batch.places()) == numbers{0, 2, 4, 0, 2, 0, 2, 4, 6, 8});
  CHECK(copy(batch.offsets()) == numbers{0, 3, 5, 10});
}

TEST_CASE("the second text of a pair has places of type 1, whoever shares the batch") {
  tokens pair{{2, 7, 3, 8, 9, 3}};
  pair.second_text = 3;
  packed_batch batch;
  batch.append(tokens{{2, 3}});
  batch.append(pair);
  batch.append(tokens{{2, 3}});
  batch.close();
  CHECK(copy(batch.ids()) == numbers{2, 3, 2, 7, 3, 8, 9, 3, 2, 3});
  CHECK(copy(batch.places()) == numbers{0, 2, 0, 2, 4, 7, 9, 11, 0, 2});
  CHECK(copy(batch.offsets()) == numbers{0, 2, 8, 10});
}

TEST_CASE("a second text that begins behind the last token changes nothing") {
  tokens odd{{2, 7, 3}};
  odd.second_text = 5;
  packed_batch batch;
  batch.append(odd);
  batch.append(tokens{{2, 3}});
  CHECK(copy(batch.places()) == numbers{0, 2, 4, 0, 2});
}

TEST_CASE("an empty batch has no text and no row") {
  packed_batch batch;
  batch.close();
  CHECK(batch.texts() == 0);
  CHECK(batch.rows() == 0);
  CHECK(batch.longest() == 0);
  CHECK(copy(batch.offsets()) == numbers{0});
}

TEST_CASE("closing a batch adds rows of token 0 at place 0 that belong to no text") {
  packed_batch batch;
  batch.append(tokens{numbers(65, 5)});
  batch.close();
  CHECK(batch.token_count() == 65);
  CHECK(batch.rows() == 66);
  CHECK(batch.ids().back() == 0);
  CHECK(batch.places().back() == 0);
  CHECK(batch.offsets().back() == 65);
}

TEST_CASE("row buckets are exact up to 64, few, and never a thirty-second too large") {
  std::size_t buckets = 0;
  std::size_t last = 0;
  for (std::size_t tokens = 1; tokens <= 8192; ++tokens) {
    const std::size_t rows = row_bucket(tokens);
    REQUIRE(rows >= tokens);
    REQUIRE(rows >= last);
    REQUIRE((tokens > 64 || rows == tokens));
    REQUIRE((rows - tokens) * 32 < tokens + 32);
    REQUIRE(row_bucket(rows) == rows);
    buckets += rows != last ? 1 : 0;
    last = rows;
  }
  CHECK(row_bucket(0) == 0);
  CHECK(buckets == 64 + 7 * 32);
}
