// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// error: carpool: In must not be bool, because a std::vector<bool> is no row of bools; take char, or a struct with a bool

#include <carpool/carpool.hpp>

#include <span>
#include <vector>

#ifdef MISTAKE
using request = bool;
#else
using request = char;
#endif

int main() {
  const auto run = [](std::span<const request> inputs) { return std::vector<int>(inputs.size()); };
  carpool::DynamicBatcher<request, int> batcher{{}, run};
}
