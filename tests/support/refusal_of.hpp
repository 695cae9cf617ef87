// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embed_server/api_error.hpp"
#include "support/doctest.hpp"

#include <string_view>

namespace carpool::test {

/// The refusal that `ask()` throws; where it throws none the test has failed. `what` says in that message
/// what it was that was not refused.
template <class Ask>
embed_server::api_error refusal_of(Ask ask, std::string_view what = "it") {
  try {
    ask();
  } catch (const embed_server::api_error& error) {
    return error;
  }
  FAIL("was not refused: " << what.substr(0, 100));
  return {embed_server::problem::invalid, ""};
}

}  // namespace carpool::test
