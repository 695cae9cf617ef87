// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// error: carpool: work must be callable as const with a const In&

#include <carpool/carpool.hpp>

#include <span>
#include <vector>

#ifdef MISTAKE
int work(int& input) { return input; }
#else
int work(const int& input) { return input; }
#endif

int main() {
  const auto run = [](std::span<const int> inputs) { return std::vector<int>(inputs.size()); };
  carpool::DynamicBatcher<int, int> batcher{{}, carpool::with_work{run, &work}};
}
