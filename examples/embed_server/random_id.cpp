// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "random_id.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
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
  std::string id(digits, '0');
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < digits; ++i, bits >>= 4) {
    if (i % 16 == 0) bits = random();
    id[i] = "0123456789abcdef"[bits & 15];
  }
  return id;
}

}  // namespace embed_server
