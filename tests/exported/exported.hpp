// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/doctest.hpp"

#include <filesystem>
#include <string>

namespace carpool::test {

/// The folder of what export.sh exported.
inline const std::filesystem::path exported = CARPOOL_TEST_EXPORTED;

/// Where the exporter cannot run, ctest takes what this says for the reason to skip the test.
inline bool is_there(const std::string& program) {
  const bool found = std::filesystem::exists(exported / program);
  if (!found)
    MESSAGE("skipped: there is no ", (exported / program).string(), "; the test export/", program,
            " says why");
  return found;
}

}  // namespace carpool::test
