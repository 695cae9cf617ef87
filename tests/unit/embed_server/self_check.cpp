// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/self_check.hpp"

#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>

using namespace embed_server;

namespace {

// Whether an access log of this name can be written.
bool good_log(const std::filesystem::path& file) {
  check_report report;
  server_options given;
  given.tcp = false;
  given.access_log = file.string();
  check_surroundings(report, given);
  return report.good();
}

}  // namespace

TEST_CASE("a check tells how much of the machine this process may use, where that is not all of it") {
  constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max(), half_a_gibibyte = 1U << 29U;
  const auto check_says = [](std::size_t usable_cores, std::uint64_t memory_limit, const std::string& text) {
    check_report report;
    check_machine(report, usable_cores, memory_limit);
    return report.text().find(text) != std::string::npos;
  };
  const std::size_t cores = std::thread::hardware_concurrency();
  CHECK(check_says(cores - 1, no_limit,
                   " cores, of which this process may keep " + std::to_string(cores - 1) + " busy"));
  CHECK_FALSE(check_says(cores, no_limit, "busy"));
  CHECK(check_says(cores, half_a_gibibyte, " are available; this process's control group may have 0.5 GiB"));
  CHECK_FALSE(check_says(cores, no_limit, "control group"));
}

TEST_CASE("a check leaves no access log behind where there was none, and those that are there as they are") {
  const carpool::test::temporary_folder folder;
  CHECK(good_log(folder.path() / "new"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "new"));
  const auto old = folder.write("old", "a line\n");
  CHECK(good_log(old));
  CHECK(std::filesystem::file_size(old) == 7);
  const auto link = folder.path() / "link";
  std::filesystem::create_symlink(folder.path() / "not yet", link);
  CHECK(good_log(link));
  CHECK(std::filesystem::is_symlink(link));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "not yet"));
}
