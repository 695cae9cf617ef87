// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What a grid of steady open loops does not show: closed loops, the first seconds, a machine that changes, a
// noisy one, and requests of different lengths.

#pragma once

#include "contenders.hpp"
#include "run_grid.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// One figure of every contender; of several variants the best counts.
struct column {
  std::string name;
  std::function<double(carpool::scheduling::any_policy, const cell&)> value;
  cell where;
};

inline void print_table(const char* title, const char* format, std::span<const contender> contenders,
                        std::span<const column> columns) {
  std::printf("\n%-28s", title);
  for (const column& each : columns) std::printf(" %14s", each.name.c_str());
  std::printf("\n");
  for (const contender& each : contenders) {
    std::printf("%-28s", each.name.c_str());
    for (const column& shown : columns) {
      double best = 0;
      for (const auto& make : each.variants)
        best = std::max(best, shown.value(make(shown.where), shown.where));
      std::printf(format, best);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
}

/// 6 + 0.15 n ms, n up to 64, in 30 ms: the service of all scenarios.
inline cell scenario_service(std::size_t lanes, bool one_device, double load) {
  return {.per_batch = 0.006,
          .per_request = 0.00015,
          .max_batch_size = 64,
          .lanes = lanes,
          .one_device = one_device,
          .deadline = 0.030,
          .load = load};
}

inline carpool::time_point at_second(double second) {
  return carpool::time_point{} + carpool::simulate::from_seconds(second);
}

/// Goodput of Poisson traffic that arrives in [from, to) seconds, with changes to the service.
inline auto goodput_between(double from, double to, std::function<void(carpool::simulate::service&)> change) {
  return [=](carpool::scheduling::any_policy policy, const cell& c) {
    auto simulated = make_service(c, 1);
    simulated.measured_from = at_second(from);
    change(simulated);
    const auto requests = carpool::simulate::poisson(c.rate(), at_second(to), 1);
    return carpool::simulate::run(simulated, carpool::simulate::replay(requests, c.deadline_duration()),
                                  std::move(policy))
        .goodput();
  };
}

inline void print_closed_loops(std::span<const contender> contenders, double length) {
  struct place {
    const char* name;
    std::size_t lanes;
    bool one_device;
    double per_request;
  };
  const double usual = scenario_service(1, false, 1).per_request;
  for (const place& where : {place{"1 lane", 1, false, usual},
                             {"4 lanes", 4, false, usual},
                             {"4 on one device", 4, true, usual},
                             {"2 lanes, 8 ms a request", 2, false, 0.008}}) {
    std::vector<column> columns;
    for (const std::size_t clients : {2U, 8U, 32U, 128U}) {
      cell c = scenario_service(where.lanes, where.one_device, 1);
      c.per_request = where.per_request;
      c.deadline = no_deadline;
      const auto answers_per_second = [=](carpool::scheduling::any_policy policy, const cell& tried) {
        auto simulated = make_service(tried, 1);
        simulated.measured_from = at_second(2);
        carpool::simulate::closed_loop source(clients, 0.0001, at_second(2 + length), 1);
        const auto seen = carpool::simulate::run(simulated, std::move(source), std::move(policy));
        return static_cast<double>(seen.on_time) / length;
      };
      columns.push_back({std::to_string(clients) + " clients", answers_per_second, c});
    }
    print_table((std::string("answers/s, ") + where.name).c_str(), " %14.0f", contenders, columns);
  }
}

inline void print_changes(std::span<const contender> contenders) {
  const auto same = [](carpool::simulate::service&) {};
  const auto slower = [](carpool::simulate::service& s) {
    s.model.drift_at = at_second(12), s.model.drift = 1.6;
  };
  const auto noisy = [](carpool::simulate::service& s) {
    s.model.spread = 0.15, s.model.stall_chance = 0.01, s.model.stall_factor = 3;
  };
  std::vector<column> cold, drift, noise;
  for (const bool one_device : {false, true}) {
    const std::string where = one_device ? ", device" : ", 4 lanes";
    for (const auto& [load, name] : {std::pair{0.8, "0.8"}, {1.3, "1.3"}})
      cold.push_back({name + where, goodput_between(0, 2, same), scenario_service(4, one_device, load)});
    for (const auto& [load, name] : {std::pair{0.3, "0.3"}, {0.5, "0.5"}, {0.8, "0.8"}})
      drift.push_back({name + where, goodput_between(10, 16, slower), scenario_service(4, one_device, load)});
    for (const auto& [load, name] : {std::pair{0.8, "0.8"}, {0.95, "0.95"}})
      noise.push_back({name + where, goodput_between(2, 20, noisy), scenario_service(4, one_device, load)});
  }
  print_table("first 2 s, at load", " %14.3f", contenders, cold);
  print_table("1.6 x slower after 2 s of 6", " %14.3f", contenders, drift);
  print_table("noise 15 %, 1 % stall 3 x", " %14.3f", contenders, noise);
}

/// Token counts are lognormal (median 48, sigma 0.8, up to 512); a padded batch takes 4 ms + 4 us per token.
/// Load 1 is what could be served if nothing had to be padded.
inline void print_lengths(std::span<const contender> contenders) {
  const double median = 48, sigma = 0.8, per_token = 4e-6;
  const auto goodput = [=](carpool::scheduling::any_policy policy, const cell& where) {
    auto simulated = make_service(where, 1);
    simulated.bounds.batch_work = &carpool::padded_work;
    simulated.model.per_work = per_token;
    auto requests = carpool::simulate::poisson(where.rate(), at_second(20), 1);
    carpool::simulate::draw_works(requests, median, sigma, 512, 2);
    carpool::simulate::replay source(requests, where.deadline_duration());
    return carpool::simulate::run(simulated, source, std::move(policy)).goodput();
  };
  std::vector<column> columns;
  for (const std::size_t lanes : {1U, 4U})
    for (const auto& [load, name] : {std::pair{0.5, "0.5"}, {0.7, "0.7"}, {0.85, "0.85"}}) {
      cell c = scenario_service(lanes, false, load);
      c.per_batch = 0.004;
      c.per_request = per_token * median * std::exp(sigma * sigma / 2);
      c.deadline = 0.050;
      columns.push_back({name + std::string(lanes == 1 ? ", 1 lane" : ", 4 lanes"), goodput, c});
    }
  print_table("padded lengths, at load", " %14.3f", contenders, columns);
}

}  // namespace bench
