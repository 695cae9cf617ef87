// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/output_file.hpp"

#include "support/doctest.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <thread>

using embed_server::output_file;

namespace {

// What a program that is shown in a terminal writes to, and what the terminal reads.
struct terminal {
  terminal() {
    REQUIRE(screen >= 0);
    REQUIRE(::grantpt(screen) == 0);
    REQUIRE(::unlockpt(screen) == 0);
  }
  ~terminal() { ::close(screen); }
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  int open() const { return ::open(::ptsname(screen), O_WRONLY | O_NOCTTY | O_CLOEXEC); }

  const int screen = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
};

const std::string line = std::string(150, 'x') + '\n';  // which does not fill a terminal without a rest

}  // namespace

TEST_CASE("P5: a terminal that is stuck does not hold up the end") {
  const terminal shown;
  output_file output(shown.open());
  output.hurry();
  while (output.write(line) == line.size()) {
  }
}

TEST_CASE("P5: a terminal that takes lines in pieces gets all of them") {
  const terminal shown;
  output_file output(shown.open());
  constexpr std::size_t lines = 1000;
  std::thread reader([&] {
    std::string bytes(100, ' ');
    for (std::size_t left = lines * (line.size() + 1); left > 0;) {  // the terminal adds carriage returns
      const auto size = ::read(shown.screen, bytes.data(), bytes.size());
      left -= size > 0 ? static_cast<std::size_t>(size) : left;
    }
  });
  for (std::size_t i = 0; i < lines; ++i) CHECK(output.write(line) == line.size());
  reader.join();
}
