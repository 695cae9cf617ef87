// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "support/plot_lines.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <sstream>
#include <string>

namespace {

std::string drawn(const bench::line& one) {
  std::ostringstream out;
  bench::line_plot({.title = {}, .x_label = {}, .y_label = {}, .lines = {one}}).draw(out);
  return out.str();
}

}  // namespace

TEST_CASE("a point without neighbours is drawn as a dot") {
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  CHECK(drawn({"alone", {{1, 1}}}).find("d=\"M540 56h0 \"") != std::string::npos);
  CHECK(drawn({"in a gap", {{1, nothing}, {2, 1}, {4, nothing}}}).find("d=\"M298 56h0 \"") !=
        std::string::npos);
  CHECK(drawn({"line", {{1, 1}, {2, 2}}}).find("d=\"M298 204h0 L540 56 \"") != std::string::npos);
}
