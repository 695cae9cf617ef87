// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/device_health.hpp>
#include <carpool/bert/device_placement.hpp>
#include <carpool/error.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

using namespace carpool::bert;

namespace {

std::string refusal(const std::vector<std::size_t>& ordinals, std::size_t available) {
  try {
    check_ordinals(ordinals, available);
    return "";
  } catch (const std::invalid_argument& fault) {
    return fault.what();
  }
}

}  // namespace

TEST_CASE("lanes go round the devices, so that the first ones are on different devices") {
  constexpr device_placement placement(3, 2);
  CHECK(placement.devices() == 3);
  CHECK(placement.lanes() == 6);
  CHECK(placement(0) == device_placement::place{0, 0});
  CHECK(placement(1) == device_placement::place{1, 0});
  CHECK(placement(2) == device_placement::place{2, 0});
  CHECK(placement(3) == device_placement::place{0, 1});
  CHECK(placement(5) == device_placement::place{2, 1});
  CHECK(placement(6) == device_placement::place{0, 2});  // more lanes than were advised
}

TEST_CASE("numbers of devices that do not exist or repeat are refused") {
  CHECK(refusal({}, 1) == "");
  CHECK(refusal({1, 0}, 2) == "");
  CHECK(refusal({0, 2}, 2) == "model_options::devices names device 2, but the last CUDA device is number 1");
  CHECK(refusal({1, 0, 1}, 2) == "model_options::devices names device 1 twice");
}

TEST_CASE("B37: a device that has failed stays so, and says why") {
  device_health health("cuda:1");
  CHECK(health.status() == device_status{"cuda:1", true});
  CHECK_NOTHROW(health.check());
  CHECK_THROWS_WITH_AS(
      health.fail("an illegal memory access"),
      doctest::Contains("cuda:1 has failed, this process cannot use it any more: an illegal"),
      carpool::device_lost);
  CHECK(health.status() == device_status{"cuda:1", false});
  CHECK_THROWS_AS(health.check(), carpool::device_lost);
}
