// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "support/line_process.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

TEST_CASE("a child process answers each line with a line") {
  bench::line_process echo({"sh", "-c", "echo ready; while read -r line; do echo \"$line $line\"; done"});
  CHECK(echo.greeting() == "ready");
  std::string answer;
  std::getline(echo.ask("one"), answer);
  CHECK(answer == "one one");
}

TEST_CASE("a child process that has gone is missed, and does not end the benchmark") {
  bench::line_process deaf({"sh", "-c", "exec <&-; echo ready"});
  CHECK(deaf.greeting() == "ready");
  CHECK_THROWS_WITH_AS(deaf.ask("anything"), "sh did not answer", std::runtime_error);
}

TEST_CASE("a program that cannot be started is named") {
  CHECK_THROWS_WITH_AS(bench::line_process({"/no/such/program"}), "/no/such/program did not answer",
                       std::runtime_error);
}
