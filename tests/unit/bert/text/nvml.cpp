// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/bert/nvml.hpp>

#include <support/doctest.hpp>

#include <stdexcept>
#include <string>

using carpool::bert::gpu_telemetry;

namespace {

std::string complaint(const char* id, const char* library) {
  try {
    static_cast<void>(gpu_telemetry(id, library).sample());
    return "";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("telemetry is what the driver's library says, and what that does not say is empty") {
  const auto sample = gpu_telemetry("00000000:01:00.0", CARPOOL_TEST_NVML).sample();
  CHECK(sample.busy == 0.75);
  CHECK(sample.memory_used == 400);
  CHECK(sample.memory_total == 1000);
  CHECK(sample.temperature == 64);
  CHECK(!sample.power);
  CHECK(sample.ecc_errors == 2);
  CHECK(sample.processes == 3);
}

TEST_CASE("without the library, one of its functions or the device there is a sentence that says so") {
  CHECK(complaint("00000000:01:00.0", "libno-such-library.so.1").find("libno-such-library.so.1") !=
        std::string::npos);
  CHECK(complaint("00000000:01:00.0", "libc.so.6").find("nvmlInit_v2") != std::string::npos);
  CHECK(complaint("00000000:99:00.0", CARPOOL_TEST_NVML).find("00000000:99:00.0") != std::string::npos);
}
