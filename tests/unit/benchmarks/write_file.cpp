// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "support/write_file.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

TEST_CASE("figures that cannot be written are missed") {
  CHECK_THROWS_WITH_AS(bench::write_file("/no such folder/file", "1"), "cannot write /no such folder/file",
                       std::runtime_error);
  CHECK_THROWS_AS(bench::write_file("/dev/full", "1"), std::runtime_error);
}
