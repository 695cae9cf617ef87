// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Measurements that take turns, round after round, and goals that are ratios between them.

#pragma once

#include "support/interleaved.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// A table of candidates, smaller is better, and what is asked of their ratios.
class scoreboard {
 public:
  explicit scoreboard(std::string title, std::string unit)
      : title_(std::move(title)), unit_(std::move(unit)) {}

  void add(std::string name, std::function<double()> measure) {
    rows_.push_back({std::move(name), std::move(measure)});
  }

  /// `faster` is to be at least `times` as fast as `slower`.
  void ask(const std::string& faster, const std::string& slower, double times) {
    goals_.push_back({index_of(faster), index_of(slower), times});
  }

  /// Runs so many rounds after one that does not count, and prints.
  void run(int rounds) {
    samples_.assign(rows_.size(), {});
    for (int round = -1; round < rounds; ++round) {
      std::fprintf(stderr, "\r%s: round %d of %d ", title_.c_str(), std::max(round, 0), rounds);
      for (std::size_t i = 0; i < rows_.size(); ++i) {
        const double value = rows_[i].measure();
        if (round >= 0) samples_[i].push_back(value);
      }
    }
    std::fprintf(stderr, "\r%78s\r", "");
    print();
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const candidate& row : rows_) result.push_back(row.name);
    return result;
  }

  [[nodiscard]] double median(const std::string& name) const {
    return spread_of(samples_[index_of(name)]).median;
  }

  /// How many times as fast the one is as the other, round by round.
  [[nodiscard]] spread ratio(const std::string& faster, const std::string& slower) const {
    return ratio(index_of(faster), index_of(slower));
  }

  /// One group of bars for plot_bars.py.
  [[nodiscard]] std::string json() const {
    std::string out = "{\"name\": \"" + title_ + "\", \"bars\": [";
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const spread value = spread_of(samples_[i]);
      char bar[256];
      std::snprintf(bar, sizeof bar,
                    "%s\n  {\"name\": \"%s\", \"value\": %.1f, \"least\": %.1f, \"most\": %.1f}",
                    i == 0 ? "" : ",", rows_[i].name.c_str(), value.median, value.least, value.most);
      out += bar;
    }
    return out + "]}";
  }

 private:
  struct goal {
    std::size_t faster;
    std::size_t slower;
    double times;
  };

  std::size_t index_of(const std::string& name) const {
    const auto found =
        std::find_if(rows_.begin(), rows_.end(), [&](const auto& row) { return row.name == name; });
    if (found == rows_.end()) throw std::invalid_argument("no row is called " + name);
    return static_cast<std::size_t>(found - rows_.begin());
  }

  [[nodiscard]] spread ratio(std::size_t faster, std::size_t slower) const {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < samples_[faster].size(); ++round)
      ratios.push_back(samples_[slower][round] / samples_[faster][round]);
    return spread_of(ratios);
  }

  void print() const {
    std::printf("\n%s\n| %s | median | least | most |\n|---|---|---|---|\n", title_.c_str(), unit_.c_str());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const spread value = spread_of(samples_[i]);
      std::printf("| %s | %.0f | %.0f | %.0f |\n", rows_[i].name.c_str(), value.median, value.least,
                  value.most);
    }
    if (goals_.empty()) return;
    std::printf("\n| | as fast as | asked | times, median | range | |\n|---|---|---|---|---|---|\n");
    for (const goal& each : goals_) {
      const spread found = ratio(each.faster, each.slower);
      std::printf("| %s | %s | %.2f | %.2f | %.2f to %.2f | %s |\n", rows_[each.faster].name.c_str(),
                  rows_[each.slower].name.c_str(), each.times, found.median, found.least, found.most,
                  found.median >= each.times ? "met" : "missed");
    }
  }

  std::string title_;
  std::string unit_;
  std::vector<candidate> rows_;
  std::vector<goal> goals_;
  std::vector<std::vector<double>> samples_;
};

}  // namespace bench
