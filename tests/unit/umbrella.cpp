// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "umbrella_twin.hpp"

#include <carpool/carpool.hpp>
#include <carpool/version.hpp>

#include <support/doctest.hpp>

#include <string>

TEST_CASE("two files of one program can include the umbrella header and see one error category") {
  CHECK(&twin_category() == &carpool::get_error_category());
  CHECK(twin_doubled(21) == 42);
}

TEST_CASE("the version number and the version text agree") {
  const int major = CARPOOL_VERSION / 10000, minor = CARPOOL_VERSION / 100 % 100,
            patch = CARPOOL_VERSION % 100;
  CHECK(std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch) ==
        CARPOOL_VERSION_STRING);
}
