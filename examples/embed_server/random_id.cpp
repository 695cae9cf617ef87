// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "random_id.hpp"

#include <fmt/compile.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <random>

namespace embed_server {
namespace {

// One number of the device would leave no more than 2^32 sequences to all servers of the world.
std::mt19937_64 seeded() {
  std::random_device device;
  std::array<std::random_device::result_type, 8> numbers{};
  std::ranges::generate(numbers, std::ref(device));
  std::seed_seq seed(numbers.begin(), numbers.end());
  return std::mt19937_64{seed};
}

}  // namespace

std::string random_id(std::size_t digits) {
  thread_local std::mt19937_64 random = seeded();
  std::string id;
  id.reserve(digits);
  while (id.size() < digits) fmt::format_to(std::back_inserter(id), FMT_COMPILE("{:016x}"), random());
  return id;
}

}  // namespace embed_server
