// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Does a text's vector depend on its companions, its place or its lane, in the default mode and in the
// invariant one, and what does the latter cost?

#pragma once

#include "encoder_sweep.hpp"
#include "report.hpp"
#include "subject.hpp"
#include "support/packed_contender.hpp"
#include <carpool/bert/bert.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Both modes on the same texts, in turn.
class invariance {
 public:
  /// `texts` are compared, `batch` is timed.
  invariance(const subject& model, std::vector<carpool::bert::tokens> texts,
             const std::vector<carpool::bert::tokens>& batch)
      : model_(model),
        texts_(std::move(texts)),
        batch_(pack(batch)),
        modes_{mode{"default", model, false}, mode{"invariant", model, true}} {}

  /// Timing takes `budget` seconds.
  void measure(double budget) {
    constexpr int rounds = 4;
    for (int round = 0; round < rounds; ++round)
      for (mode& each : modes_) each.times.push_back(time(each, budget / (2 * rounds)));
    const double default_speed = speed(modes_[0]);
    for (mode& each : modes_) {
      const found seen = compare(each);
      json_line("invariance")
          .add("model", model_.name())
          .add("mode", each.name)
          .add("texts", texts_.size())
          .add("texts_that_differ", seen.texts)
          .add("vectors", seen.vectors)
          .add("vectors_that_differ", seen.vectors_that_differ)
          .add("largest_difference", seen.largest)
          .add("tokens_per_second", speed(each))
          .add("times_the_default_speed", speed(each) / default_speed)
          .print();
    }
  }

 private:
  struct mode {
    mode(std::string called, const subject& model, bool is_invariant) : name(std::move(called)) {
      const auto network =
          is_invariant ? model.invariant_encoder(activation::gelu) : model.encoder(activation::gelu);
      // The first one is timed, and runs each text alone; the last has no CUDA graphs.
      for (const bool graphs : {true, true, false}) lanes.push_back(model.device_lane(network, graphs));
    }

    std::string name;
    std::vector<std::unique_ptr<carpool::bert::device_lane>> lanes;
    std::vector<double> times;
  };

  struct found {
    std::size_t texts = 0, vectors = 0, vectors_that_differ = 0;
    double largest = 0;
  };

  double time(mode& each, double budget) const {
    return time_of(model_.device(), budget, [&](std::size_t) { each.lanes.front()->run(batch_); });
  }

  double speed(const mode& each) const {
    return static_cast<double>(batch_.token_count()) / spread_of(each.times).median;
  }

  /// Each text alone, and on every lane in batches with others drawn at random.
  found compare(mode& each) const {
    std::vector<carpool::bert::embedding> alone;
    for (const auto& text : texts_)
      alone.push_back(rows_of(each.lanes.front()->run(pack(std::span(&text, 1)))).front());
    found result;
    std::vector<bool> differs(texts_.size());
    std::vector<std::size_t> order(texts_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::mt19937 random(7);
    for (int batch = 0; batch < 7; ++batch) {
      std::shuffle(order.begin(), order.end(), random);
      const std::size_t size = std::uniform_int_distribution<std::size_t>(2, texts_.size())(random);
      std::vector<carpool::bert::tokens> chosen;
      for (std::size_t i = 0; i < size; ++i) chosen.push_back(texts_[order[i]]);
      for (const auto& lane : each.lanes) {
        const auto together = rows_of(lane->run(pack(chosen)));
        for (std::size_t i = 0; i < size; ++i) {
          ++result.vectors;
          if (same_bits(alone[order[i]], together[i])) continue;
          ++result.vectors_that_differ;
          differs[order[i]] = true;
          result.largest = std::max(result.largest, comparison({alone[order[i]]}, {together[i]}).difference);
        }
      }
    }
    result.texts = static_cast<std::size_t>(std::count(differs.begin(), differs.end(), true));
    return result;
  }

  static bool same_bits(const carpool::bert::embedding& a, const carpool::bert::embedding& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
  }

  const subject& model_;
  std::vector<carpool::bert::tokens> texts_;
  carpool::bert::packed_batch batch_;
  std::array<mode, 2> modes_;
};

}  // namespace bench
