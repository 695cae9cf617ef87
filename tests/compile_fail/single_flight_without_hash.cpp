// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// error: carpool: single_flight needs a hash and an equality for In

#include <carpool/carpool.hpp>

#include <span>
#include <vector>

struct question {
  int number = 0;
#ifdef MISTAKE
  bool operator==(const question&) const = default;
#endif
};

struct by_number {
  std::size_t operator()(const question& q) const { return static_cast<std::size_t>(q.number); }
  bool operator()(const question& a, const question& b) const { return a.number == b.number; }
};

int main() {
  const auto run = [](std::span<const question> inputs) { return std::vector<int>(inputs.size()); };
#ifdef MISTAKE
  carpool::DynamicBatcher<question, int> batcher{{}, carpool::single_flight{run}};
#else
  carpool::DynamicBatcher<question, int> batcher{{}, carpool::single_flight{run, by_number{}, by_number{}}};
#endif
}
