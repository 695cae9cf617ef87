// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/simulate/traffic.hpp>

#include <support/doctest.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace {

using namespace carpool;
using namespace std::chrono_literals;

constexpr time_point end = time_point{} + 100s;

bool is_ordered(const simulate::trace& requests) {
  return std::is_sorted(requests.begin(), requests.end(),
                        [](const auto& a, const auto& b) { return a.at < b.at; });
}

/// Variance over mean of the requests per second: 1 for independent callers.
double dispersion(const simulate::trace& requests) {
  std::vector<double> counts(100);
  for (const auto& request : requests)
    ++counts[static_cast<std::size_t>((request.at - time_point{}) / std::chrono::seconds{1})];
  const double mean = static_cast<double>(requests.size()) / 100;
  double squares = 0;
  for (const double count : counts) squares += (count - mean) * (count - mean);
  return squares / 100 / mean;
}

}  // namespace

TEST_CASE("Poisson traffic has the rate asked for and no more variance than that") {
  const auto requests = simulate::poisson(1000, end, 1);
  CHECK(requests.size() == doctest::Approx(100'000).epsilon(0.02));
  CHECK(is_ordered(requests));
  CHECK(requests.back().at < end);
  CHECK(dispersion(requests) < 1.6);
}

TEST_CASE("bursty traffic has the mean rate asked for, unevenly spread") {
  const auto requests = simulate::bursty(1000, end, 1, {});
  CHECK(requests.size() == doctest::Approx(100'000).epsilon(0.1));
  CHECK(is_ordered(requests));
  CHECK(requests.back().at < end);
  CHECK(dispersion(requests) > 20);
}

TEST_CASE("fan-out traffic comes in whole groups") {
  const auto requests = simulate::fan_out(1000, end, 1, 8, 0.0);
  CHECK(requests.size() % 8 == 0);
  CHECK(requests.size() == doctest::Approx(100'000).epsilon(0.05));
  CHECK(is_ordered(requests));
  CHECK(requests[0].at == requests[7].at);
  CHECK(requests[7].at < requests[8].at);
}

TEST_CASE("the same seed gives the same traffic, another seed another one") {
  CHECK(simulate::poisson(100, end, 3).at(5).at == simulate::poisson(100, end, 3).at(5).at);
  CHECK(simulate::poisson(100, end, 3).at(5).at != simulate::poisson(100, end, 4).at(5).at);
}

TEST_CASE("works are drawn around their median and stay within their bounds") {
  auto requests = simulate::poisson(100, end, 3);
  simulate::draw_works(requests, 48, 0.8, 512, 1);
  std::size_t above = 0;
  for (const auto& request : requests) {
    CHECK(request.work >= 1);
    CHECK(request.work <= 512);
    above += request.work > 48;
  }
  CHECK(static_cast<double>(above) / static_cast<double>(requests.size()) ==
        doctest::Approx(0.5).epsilon(0.05));
}

TEST_CASE("works can be drawn from those of other requests") {
  const simulate::trace others{{.work = 7}, {.work = 9}};
  auto requests = simulate::poisson(100, end, 3);
  simulate::draw_works(requests, others, 1);
  const auto of_first =
      std::count_if(requests.begin(), requests.end(), [](const auto& each) { return each.work == 7; });
  const auto of_second =
      std::count_if(requests.begin(), requests.end(), [](const auto& each) { return each.work == 9; });
  CHECK(static_cast<std::size_t>(of_first + of_second) == requests.size());
  CHECK(static_cast<double>(of_first) / static_cast<double>(requests.size()) ==
        doctest::Approx(0.5).epsilon(0.05));
}
