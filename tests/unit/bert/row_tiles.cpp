// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/row_tiles.hpp>

#include <ATen/ops/add.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/mul.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

using namespace carpool::bert;

namespace {

using pieces = std::vector<row_tiles::piece>;

}  // namespace

TEST_CASE("rows are cut into pieces of few sizes, and only small rests are filled up by much") {
  const row_tiles tiles({16, 64, 256});
  CHECK(tiles.cut(0).empty());
  CHECK((tiles.cut(1) == pieces{{0, 1, 16}}));
  CHECK((tiles.cut(64) == pieces{{0, 64, 64}}));
  CHECK((tiles.cut(250) == pieces{{0, 250, 256}}));
  CHECK((tiles.cut(300) == pieces{{0, 256, 256}, {256, 16, 16}, {272, 16, 16}, {288, 12, 16}}));
  CHECK((tiles.cut(570) == pieces{{0, 256, 256}, {256, 256, 256}, {512, 58, 64}}));
}

TEST_CASE("the end goes into the smallest piece that holds it") {
  const row_tiles tiles({16, 24, 32, 40, 256});
  CHECK((tiles.cut(17) == pieces{{0, 17, 24}}));
  CHECK((tiles.cut(36) == pieces{{0, 36, 40}}));
  CHECK((tiles.cut(290) == pieces{{0, 256, 256}, {256, 34, 40}}));
}

TEST_CASE("the results of the pieces are put together, without the rows that filled them up") {
  const at::Tensor x = at::arange(3 * 90, at::kFloat).view({90, 3});
  std::vector<std::int64_t> sizes;
  const auto doubled = [&](const at::Tensor& piece) {
    sizes.push_back(piece.size(0));
    return piece.mul(2);
  };
  CHECK(row_tiles({16, 64})(doubled, x).equal(x.mul(2)));
  CHECK((sizes == std::vector<std::int64_t>{64, 16, 16}));
}

TEST_CASE("sizes that would give rows other results are not used") {
  const auto differs_at_64 = [](const at::Tensor& x) { return x.size(0) == 64 ? x.mul(1.0001) : x.clone(); };
  const row_tiles tiles = row_tiles::find(differs_at_64, 8, at::kFloat);
  CHECK((tiles.cut(64) == pieces{{0, 64, 72}}));
  CHECK((tiles.cut(128) == pieces{{0, 128, 128}}));
}

TEST_CASE("where sizes differ, most that agree are used, and rather the large ones") {
  const auto differs_up_to = [](std::int64_t small) {
    return [small](const at::Tensor& x) { return x.size(0) <= small ? x.mul(1.0001) : x.clone(); };
  };
  CHECK((row_tiles::find(differs_up_to(32), 8, at::kFloat).cut(1) == pieces{{0, 1, 40}}));
  CHECK((row_tiles::find(differs_up_to(256), 8, at::kFloat).cut(1) == pieces{{0, 1, 16}}));
  const auto three = [](const at::Tensor& x) {
    return x.size(0) <= 64 ? x.mul(1.0001) : x.size(0) <= 512 ? x.mul(1.0002) : x.clone();
  };
  CHECK((row_tiles::find(three, 8, at::kFloat).cut(1) == pieces{{0, 1, 72}}));
}

TEST_CASE("whether all sizes agree is found out by trying too") {
  const auto agree = [](const at::Tensor& x) { return x.clone(); };
  const auto tiles = row_tiles::find_all(agree, 8, at::kFloat);
  REQUIRE(tiles);
  CHECK((tiles->cut(2000) == pieces{{0, 1024, 1024}, {1024, 976, 1024}}));
  const auto differs_at_64 = [](const at::Tensor& x) { return x.size(0) == 64 ? x.mul(1.0001) : x.clone(); };
  CHECK(!row_tiles::find_all(differs_at_64, 8, at::kFloat));
}

TEST_CASE("a layer whose results depend on the place of a row is refused") {
  const auto by_place = [](const at::Tensor& x) {
    return x.add(at::arange(x.size(0), at::kFloat).view({-1, 1}));
  };
  CHECK_THROWS_AS(row_tiles::find(by_place, 8, at::kFloat), std::invalid_argument);
}
