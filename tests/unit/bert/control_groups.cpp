// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"
#include <carpool/bert/control_groups.hpp>

#include <cstdint>
#include <limits>

using carpool::bert::control_groups;

TEST_CASE("the limits are those of the process's control group, or of one around it, whichever is less") {
  const carpool::test::temporary_folder folder;
  const auto own = folder.write("own", "2:cpu:/old\n0::/system.slice/embed.service\n");
  const control_groups groups{own, folder.path() / "groups"};
  constexpr double no_quota = std::numeric_limits<double>::infinity();
  constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();
  CHECK(groups.cpu_quota() == no_quota);
  CHECK(groups.memory_limit() == no_limit);
  folder.write("groups/system.slice/embed.service/cpu.max", "max 100000\n");
  folder.write("groups/system.slice/embed.service/memory.max", "max\n");
  CHECK(groups.cpu_quota() == no_quota);
  CHECK(groups.memory_limit() == no_limit);
  folder.write("groups/system.slice/embed.service/cpu.max", "400000 100000\n");
  folder.write("groups/system.slice/embed.service/memory.max", "4294967296\n");
  CHECK(groups.cpu_quota() == 4);
  CHECK(groups.memory_limit() == 4'294'967'296);
  folder.write("groups/cpu.max", "150000 100000\n");
  folder.write("groups/system.slice/memory.max", "1073741824\n");
  CHECK(groups.cpu_quota() == 1.5);
  CHECK(groups.memory_limit() == 1'073'741'824);
}

TEST_CASE("a process without control groups has no limits") {
  const control_groups none{"/nonexistent", "/nonexistent"};
  CHECK(none.cpu_quota() == std::numeric_limits<double>::infinity());
  CHECK(none.memory_limit() == std::numeric_limits<std::uint64_t>::max());
}
