// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How fast one lane is, from token ids in the host's memory to embeddings there, over the number of tokens in
// a batch; with CUDA graphs and without.

#pragma once

#include "report.hpp"
#include <carpool/bert/bert.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Texts of random ids that have so many tokens together: of 128 tokens each, or of log-normal length
/// around 60.
inline carpool::bert::packed_batch random_batch(std::size_t tokens, bool mixed, std::int64_t vocabulary,
                                                std::size_t most) {
  std::mt19937 random(static_cast<unsigned>(tokens));
  std::lognormal_distribution<double> length(std::log(47.0), 0.7);
  std::uniform_int_distribution<std::int32_t> id(0, static_cast<std::int32_t>(vocabulary) - 1);
  carpool::bert::packed_batch batch;
  for (std::size_t left = tokens; left > 0;) {
    const double wanted = mixed ? std::clamp(length(random), 3.0, 512.0) : 128;
    const std::size_t size = std::min({static_cast<std::size_t>(wanted), left, most});
    std::vector<std::int32_t> ids(size);
    for (auto& each : ids) each = id(random);
    batch.append(carpool::bert::tokens(std::move(ids)));
    left -= size;
  }
  batch.close();
  return batch;
}

class encoder_sweep {
 public:
  encoder_sweep(c10::Device device, bool toy) : device_(device), toy_(toy) {}

  void measure(const std::shared_ptr<const carpool::bert::encoder>& model,
               const carpool::bert::model_config& config) const {
    for (const auto& [name, lane] : lanes(model))
      for (const bool mixed : {false, true})
        for (std::size_t tokens = 64; tokens <= (toy_ ? 256U : 65536U); tokens *= 2) {
          const auto batch = random_batch(tokens, mixed, config.vocab_size, config.max_tokens);
          for (int warm = 0; warm < 5; ++warm) lane->run(batch);
          const double time = time_of(device_, toy_ ? 0.01 : 0.2, [&] { lane->run(batch); });
          json_line("encoder")
              .add("lane", name)
              .add("lengths", mixed ? "log-normal" : "128")
              .add("tokens", static_cast<double>(tokens))
              .add("texts", static_cast<double>(batch.texts()))
              .add("microseconds", 1e6 * time)
              .add("tokens_per_second", static_cast<double>(tokens) / time)
              .print();
        }
  }

 private:
  using named_lane = std::pair<std::string, std::unique_ptr<carpool::bert::device_lane>>;

  std::vector<named_lane> lanes(const std::shared_ptr<const carpool::bert::encoder>& model) const {
    std::vector<named_lane> all;
#ifdef CARPOOL_BERT_CUDA
    if (device_.is_cuda()) {
      const auto health = std::make_shared<carpool::bert::device_health>(device_.str());
      for (const bool graphs : {true, false})
        all.emplace_back(graphs ? "graphs" : "no graphs",
                         std::make_unique<carpool::bert::cuda_lane>(model, device_, health, graphs));
      return all;
    }
#endif
    all.emplace_back("cpu", std::make_unique<carpool::bert::cpu_lane>(model, 1));
    return all;
  }

  c10::Device device_;
  bool toy_;
};

}  // namespace bench
