// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What fp32 gains on CUDA, and loses, when products may round their factors to TF32, which has the 11 bits of
// fp16. That is a switch of the process, which belongs to the user: carpool never sets it.

#pragma once

#include "encoder_sweep.hpp"
#include "report.hpp"
#include "subject.hpp"
#include "support/packed_contender.hpp"
#include "support/rounding.hpp"
#include <carpool/bert/bert.hpp>

#include <ATen/Context.h>

#include <string>
#include <vector>

namespace bench {

/// As long as this lives, libtorch's fp32 products on CUDA are in TF32, or are not.
class tf32_products {
 public:
  explicit tf32_products(bool allowed) : before_(at::globalContext().allowTF32CuBLAS()) {
    at::globalContext().setAllowTF32CuBLAS(allowed);
  }
  tf32_products(const tf32_products&) = delete;
  tf32_products& operator=(const tf32_products&) = delete;
  ~tf32_products() { at::globalContext().setAllowTF32CuBLAS(before_); }

 private:
  bool before_;
};

/// On the CPU says that there is nothing to measure. Takes `budget` seconds, and what it takes to prepare.
inline void measure_tf32(const subject& model, const std::vector<carpool::bert::tokens>& texts,
                         double budget) {
  json_line line("tf32");
  line.add("model", model.name());
  if (model.device().is_cpu()) return line.add("skipped", "only on CUDA").print();
  const auto lane = model.device_lane(model.encoder(activation::gelu, at::kFloat));
  const carpool::bert::packed_batch batch = pack(texts);
  constexpr int rounds = 4;
  std::vector<carpool::bert::embedding> vectors[2];
  std::vector<double> times[2];
  for (int round = 0; round < rounds; ++round)
    for (const bool allowed : {false, true}) {
      const tf32_products products(allowed);
      vectors[allowed] = rows_of(lane->run(batch));
      times[allowed].push_back(
          time_of(model.device(), budget / (2 * rounds), [&](std::size_t) { lane->run(batch); }));
    }
  const auto speed = [&](bool allowed) {
    return static_cast<double>(batch.token_count()) / spread_of(times[allowed]).median;
  };
  line.add("tokens", batch.token_count())
      .add("tokens_per_second", speed(true))
      .add("tokens_per_second_of_fp32", speed(false))
      .add("times_the_speed_of_fp32", speed(true) / speed(false))
      .add("largest_error", comparison(vectors[true], vectors[false]).difference)
      .add("allowed", carpool::test::embedding_tolerance(at::kHalf, model.config(activation::gelu)))
      .print();
}

}  // namespace bench
