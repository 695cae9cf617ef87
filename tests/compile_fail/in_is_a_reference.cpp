// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// error: carpool: In and Out must be object types, neither references nor void

#include <carpool/carpool.hpp>

#include <span>
#include <string>
#include <vector>

#ifdef MISTAKE
using request = const std::string&;
#else
using request = std::string;
#endif

int main() {
  const auto run = [](std::span<const std::string> inputs) { return std::vector<int>(inputs.size()); };
  carpool::DynamicBatcher<request, int> batcher{{}, run};
}
