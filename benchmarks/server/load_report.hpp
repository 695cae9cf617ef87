// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What load.cpp tells of a server: rows of a table, JSON, a picture.

#pragma once

#include "support/open_http_load.hpp"
#include "support/plot_lines.hpp"
#include "support/write_file.hpp"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// What became of a load.
struct measurement {
  double rate = 0;  ///< requests per second that were due
  load_result got;
  double seconds = 0;

  [[nodiscard]] double milliseconds(double quantile) const {
    return static_cast<double>(got.answered.quantile(quantile)) / 1e3;
  }
  [[nodiscard]] std::size_t refused() const {
    std::size_t all = 0;
    for (const auto& [status, count] : got.other) all += count;
    return all;
  }
};

/// The same of a load that so many clients made.
struct closed_loop {
  std::size_t clients = 0;
  measurement measured;

  [[nodiscard]] double rate() const {
    return static_cast<double>(measured.got.answered.count()) / measured.seconds;
  }
  [[nodiscard]] double mean_milliseconds() const { return measured.got.since_sent.mean() / 1e3; }
};

inline void print(const measurement& each) {
  std::printf("| %.1f | %.1f | %.2f | %.2f | %.2f | %.2f | %.2f | %zu | %zu | %.2f |\n", each.rate,
              static_cast<double>(each.got.answered.count()) / each.seconds, each.milliseconds(0.5),
              each.milliseconds(0.9), each.milliseconds(0.99), each.milliseconds(0.999), each.milliseconds(1),
              each.refused(), each.got.lost,
              std::chrono::duration<double, std::milli>(each.got.latest_start).count());
  std::fflush(stdout);
}

inline void print(const closed_loop& each) {
  std::printf("| %zu | %.1f | %.2f | %zu | %zu |\n", each.clients, each.rate(), each.mean_milliseconds(),
              each.measured.refused(), each.measured.got.lost);
  std::fflush(stdout);
}

inline void write_json(const std::string& path, const std::vector<measurement>& all) {
  std::ostringstream out;
  out << "{\"unit\": \"ms\", \"loads\": [";
  const char* separator = "\n";
  for (const measurement& each : all) {
    out << std::exchange(separator, ",\n") << R"({"rate": )" << each.rate << R"(, "seconds": )"
        << each.seconds << R"(, "answered": )" << each.got.answered.count() << R"(, "lost": )"
        << each.got.lost << R"(, "mean": )" << each.got.answered.mean() / 1e3;
    for (const auto& [name, quantile] :
         {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1.0}})
      out << ", \"" << name << "\": " << each.milliseconds(quantile);
    out << R"(, "statuses": {)";
    const char* comma = "";
    for (const auto& [status, count] : each.got.other)
      out << std::exchange(comma, ", ") << '"' << status << "\": " << count;
    out << "}}";
  }
  out << "\n]}\n";
  write_file(path, out.str());
}

inline void write_json(const std::string& path, const std::vector<closed_loop>& all) {
  std::ostringstream out;
  out << "{\"unit\": \"ms\", \"closed_loops\": [";
  const char* separator = "\n";
  for (const closed_loop& each : all)
    out << std::exchange(separator, ",\n") << R"({"clients": )" << each.clients
        << R"(, "answered_per_second": )" << each.rate() << R"(, "mean": )" << each.mean_milliseconds()
        << R"(, "refused": )" << each.measured.refused() << R"(, "lost": )" << each.measured.got.lost << '}';
  out << "\n]}\n";
  write_file(path, out.str());
}

/// Latency over rate.
inline void draw(const std::string& path, const std::vector<measurement>& all) {
  chart drawn{.title = "Latency of answers", .x_label = "requests/s", .y_label = "ms", .lines = {}};
  for (const auto& [name, quantile] : {std::pair{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}}) {
    line one{name, {}, quantile == 0.99};
    for (const measurement& each : all)
      one.points.emplace_back(each.rate, each.got.answered.count() > 0
                                             ? each.milliseconds(quantile)
                                             : std::numeric_limits<double>::quiet_NaN());
    drawn.lines.push_back(std::move(one));
  }
  line_plot(drawn).write(path);
}

}  // namespace bench
