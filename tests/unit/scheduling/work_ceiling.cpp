// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/work_ceiling.hpp>

#include <support/doctest.hpp>

#include <limits>

using carpool::scheduling::work_ceiling;

TEST_CASE("a ceiling is infinite until a batch runs out of memory, and then half of that batch") {
  work_ceiling ceiling;
  ceiling.on_success(1000, 10);
  CHECK(ceiling.value() == std::numeric_limits<double>::infinity());
  ceiling.on_out_of_memory(640);
  CHECK(ceiling.value() == 320);
  ceiling.on_out_of_memory(300);
  CHECK(ceiling.value() == 150);
}

TEST_CASE("a heavier batch that fails says nothing new") {
  work_ceiling ceiling;
  ceiling.on_out_of_memory(64);
  ceiling.on_out_of_memory(640);
  CHECK(ceiling.value() == 32);
}

TEST_CASE("batches near the ceiling raise it step by step, small and larger ones do not") {
  work_ceiling ceiling;
  ceiling.on_out_of_memory(64);
  ceiling.on_success(8, 1);
  ceiling.on_success(40, 1);
  CHECK(ceiling.value() == 32);
  ceiling.on_success(30, 1);
  ceiling.on_success(32, 1);
  CHECK(ceiling.value() == 34);
}

TEST_CASE("a ceiling never lies below an item that ran, until an item as heavy fails itself") {
  work_ceiling ceiling;
  ceiling.on_out_of_memory(64);
  ceiling.on_success(30, 20);
  ceiling.on_out_of_memory(32);
  CHECK(ceiling.value() == 20);
  ceiling.on_success(25, 25);
  CHECK(ceiling.value() == 25);
  ceiling.on_out_of_memory(24);
  CHECK(ceiling.value() == 12);
}

TEST_CASE("a ceiling recovers from next to nothing: an item that ran makes the steps larger, too") {
  work_ceiling ceiling;
  SUBCASE("nothing") { ceiling.on_out_of_memory(0); }
  SUBCASE("little") { ceiling.on_out_of_memory(1); }
  ceiling.on_success(64, 64);
  CHECK(ceiling.value() == 64);
  for (int i = 0; i < 32; ++i) ceiling.on_success(ceiling.value(), 64);
  CHECK(ceiling.value() == 128);
}
