// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] = R"(What does it cost to decide when a batch leaves and who is in it?

  bench_deciding [--rounds N]

The scheduler alone, without threads, locks or a model: requests arrive, leave in batches and end at times of
a virtual clock, as many as the lanes can carry. Nanoseconds per request, for all that the scheduler does
with it.
)";

#include "support/arguments.hpp"
#include "support/interleaved.hpp"
#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/batch_scheduler.hpp>
#include <carpool/scheduling/eager.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace {

using carpool::scheduling::any_policy;
using carpool::scheduling::batch_scheduler;
using carpool::scheduling::limits;
using namespace std::chrono_literals;

constexpr std::size_t lanes = 4;
constexpr std::size_t requests = 200'000;

struct traffic {
  std::string name;
  std::size_t queued = 0;  ///< requests that wait when it starts
  double load = 1;         ///< of what four lanes carry
  carpool::duration slack = carpool::duration::max();
  bool one_device = false;  ///< lanes slow each other down
};

/// Batches of 5 ms and 0.2 ms per request, at most 64 of them.
class virtual_lanes {
 public:
  virtual_lanes(const traffic& kind, any_policy policy)
      : kind_(kind),
        scheduler_(limits{64, 5ms, lanes}, {.max_size = 1'000'000}, std::move(policy)),
        ends_(lanes, carpool::never) {}

  double nanoseconds_per_request() {
    const auto gap = carpool::duration(static_cast<carpool::duration::rep>(1e6 / 14.38 / kind_.load));
    for (std::size_t i = 0; i < kind_.queued; ++i) admit();
    for (std::size_t i = 0; i < requests / 4; ++i) arrive(gap);  // lets a policy learn
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < requests; ++i) arrive(gap);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    return took.count() / requests;
  }

 private:
  void arrive(carpool::duration gap) {
    const auto until = now_ + gap;
    for (;;) {
      const auto first = std::min_element(ends_.begin(), ends_.end());
      if (std::min(*first, wake_) > until) break;
      now_ = std::max(now_, std::min(*first, wake_));
      if (*first <= now_) finish(static_cast<std::size_t>(first - ends_.begin()));
      obey();
    }
    now_ = until;
    admit();
    obey();
  }

  void admit() {
    scheduler_.reserve(1);
    scheduler_.admit(
        {.arrival = now_, .deadline = carpool::saturating_add(now_, kind_.slack), .handle = this});
  }

  void finish(std::size_t lane) {
    scheduler_.finish(lane, now_, false, [](std::size_t, void*) { return true; });
    ends_[lane] = carpool::never;
    --running_;
  }

  void obey() {
    const auto leave = [](void*, auto) {};
    for (;;) {
      const auto step = scheduler_.next(now_, leave);
      wake_ = step.wake_at;
      if (!step.dispatchable) return;
      const auto lane =
          static_cast<std::size_t>(std::find(ends_.begin(), ends_.end(), carpool::never) - ends_.begin());
      if (!scheduler_.start(lane, now_, leave)) return;
      static_cast<void>(scheduler_.seal(
          lane, now_, [](void*, auto) {}, [](std::size_t) {}));
      ++running_;
      const auto size = static_cast<int>(scheduler_.batch(lane).members().size());
      ends_[lane] = now_ + (5ms + size * 200us) * (kind_.one_device ? running_ : 1);
    }
  }

  const traffic& kind_;
  batch_scheduler scheduler_;
  std::vector<carpool::time_point> ends_;  // of each lane's batch
  int running_ = 0;
  carpool::time_point now_{};
  carpool::time_point wake_ = carpool::never;
};

template <class Policy>
bench::candidate measure(const char* name, const traffic& kind) {
  return {name, [&kind] { return virtual_lanes(kind, any_policy(Policy{})).nanoseconds_per_request(); }};
}

void run(int argc, char** argv) {
  int rounds = 7;
  bench::arguments().option("--rounds", rounds, 1).read(argc, argv);
  const std::vector<traffic> kinds{
      {.name = "light load, nobody waits", .load = 0.02},
      {.name = "half the load", .load = 0.5, .slack = 25ms},
      {.name = "10,000 wait, no deadlines", .queued = 10'000},
      {.name = "10,000 wait, deadlines press", .queued = 10'000, .load = 1.1, .slack = 700ms},
      {.name = "10,000 wait, lanes share a device", .queued = 10'000, .load = 0.2, .one_device = true},
  };
  for (const traffic& kind : kinds) {
    std::printf("\n%s; %zu lanes, %zu requests, %d rounds\n", kind.name.c_str(), lanes, requests, rounds);
    bench::run_interleaved(
        "ns per request", rounds,
        {measure<carpool::eager>("eager", kind), measure<carpool::size_or_timeout>("size_or_timeout", kind),
         measure<carpool::adaptive>("adaptive", kind)});
  }
}

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] { run(argc, argv); });
}
