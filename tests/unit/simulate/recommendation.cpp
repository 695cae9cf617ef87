// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/simulate/recommendation.hpp>
#include <carpool/simulate/traffic.hpp>

#include <support/doctest.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace {

using namespace carpool;
using namespace std::chrono_literals;

simulate::assessment figures(bool meets, std::size_t lanes, duration mean, double goodput = 1) {
  simulate::assessment seen;
  seen.meets_target = meets;
  seen.options.lanes = lanes;
  seen.mean = mean;
  seen.goodput = goodput;
  return seen;
}

}  // namespace

TEST_CASE("who meets the target is preferred, then fewer lanes, then a clearly lower mean latency") {
  CHECK(simulate::is_preferred(figures(true, 4, 9ms), figures(false, 1, 1ms)));
  CHECK(simulate::is_preferred(figures(true, 1, 9ms), figures(true, 2, 1ms)));
  CHECK(simulate::is_preferred(figures(true, 1, 90ms), figures(true, 1, 100ms)));
  CHECK_FALSE(simulate::is_preferred(figures(true, 1, 99ms), figures(true, 1, 100ms)));
  CHECK(simulate::is_preferred(figures(false, 1, 9ms, 0.9), figures(false, 1, 1ms, 0.8)));
}

TEST_CASE("the first of equals is recommended") {
  const std::array all{figures(false, 1, 1ms), figures(true, 2, 100ms), figures(true, 2, 99ms),
                       figures(true, 4, 50ms)};
  CHECK(simulate::recommend(all) == 1);
}

TEST_CASE("the usual proposals combine every policy with every number of lanes and every size") {
  const std::array<std::size_t, 2> lanes{1, 2}, sizes{8, 32};
  const auto all = simulate::usual_proposals(lanes, sizes);
  CHECK(all.size() == 2 * 2 * 7);
  CHECK(all.front().policy == "adaptive{}");
  CHECK(all.back().policy == "size_or_timeout{32, 20ms}");
  CHECK(all.back().lanes == 2);
}

TEST_CASE("a second lane is recommended exactly when one does not carry the load") {
  const std::array<std::size_t, 2> lanes{1, 2};
  const std::array<std::size_t, 1> sizes{16};
  const auto proposals = simulate::usual_proposals(lanes, sizes);
  const auto lanes_needed = [&](double rate) {
    const auto requests = simulate::poisson(rate, time_point{} + 20s, 1);
    const simulate::workload load{.requests = requests, .model = {.per_batch = 0.010, .per_work = 0.001}};
    std::vector<simulate::assessment> all;
    for (const auto& each : proposals) all.push_back(simulate::assess(each, load, {.p99 = 80ms}));
    const auto& chosen = all[simulate::recommend(all)];
    CHECK(chosen.meets_target);
    CHECK(chosen.p99 <= 80ms);
    return chosen.options.lanes;
  };
  CHECK(lanes_needed(100) == 1);  // 16 / 26 ms = 615 requests per second and lane at most
  CHECK(lanes_needed(800) == 2);
}

TEST_CASE("a deadline counts as met when 99 % of the requests are answered in time") {
  const auto requests = simulate::poisson(100, time_point{} + 20s, 1);
  const simulate::workload load{.requests = requests, .model = {.per_batch = 0.010, .per_work = 0.001}};
  const simulate::proposal eager_lane{"eager{}", 16, 1, [] { return scheduling::any_policy(eager{}); }};
  CHECK(simulate::assess(eager_lane, load, {.deadline = 100ms}).meets_target);
  CHECK_FALSE(simulate::assess(eager_lane, load, {.deadline = 10ms}).meets_target);
}

TEST_CASE("who is refused counts as not answered within the 99th percentile that is wanted") {
  simulate::trace requests;  // of some 1000 that are measured 8 are refused, and 8 others are slow
  for (int i = 0; i < 112; ++i) requests.push_back({.at = time_point{} + i * 100ms});
  for (int i = 0; i < 1000; ++i) requests.push_back({.at = time_point{} + 101s + i * 1s});
  for (int i = 0; i < 8; ++i)  // beside the one that runs one waits, which takes long, and one is refused
    for (int k = 0; k < 2; ++k) requests.push_back({.at = time_point{} + 201s + i * 100s + 1ms});
  std::sort(requests.begin(), requests.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  const simulate::workload load{
      .requests = requests, .model = {.per_batch = 0.010, .per_work = 0}, .max_queue_size = 1};
  const simulate::proposal eager_lane{"eager{}", 1, 1, [] { return scheduling::any_policy(eager{}); }};
  const auto seen = simulate::assess(eager_lane, load, {.p99 = 15ms});
  CHECK(seen.goodput > 0.99);
  CHECK(seen.p99 <= 15ms);
  CHECK_FALSE(seen.meets_target);
}

TEST_CASE("who comes long after all others is not the only one who is measured") {
  simulate::trace requests;  // a thousand at once, of which one lane answers few in time
  for (int i = 0; i < 1000; ++i) requests.push_back({.at = time_point{} + i * 10us});
  requests.push_back({.at = time_point{} + 24h});
  const simulate::workload load{.requests = requests, .model = {.per_batch = 0.010, .per_work = 0.001}};
  const simulate::proposal eager_lane{"eager{}", 16, 1, [] { return scheduling::any_policy(eager{}); }};
  CHECK_FALSE(simulate::assess(eager_lane, load, {.p99 = 50ms}).meets_target);
}
