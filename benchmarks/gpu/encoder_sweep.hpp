// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How fast the encoder is: alone, on the device, against padded batches of the same texts; and a lane, from
// token ids in the host's memory to embeddings there, over the number of tokens in a batch, with CUDA graphs
// and without.

#pragma once

#include "report.hpp"
#include "subject.hpp"
#include "support/padded_bert.hpp"
#include "support/text_batches.hpp"
#include <carpool/bert/bert.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// How long the texts of a batch are.
struct lengths {
  std::string name;
  std::function<double(std::mt19937&)> draw;

  static lengths all(std::size_t size) {
    return {std::to_string(size), [size](auto&) { return static_cast<double>(size); }};
  }
  /// Around 60, as search queries, messages and passages are.
  static lengths mixed() {
    return {"log-normal",
            [](auto& random) { return std::lognormal_distribution<double>(std::log(47.0), 0.7)(random); }};
  }
  /// With a mean of half the longest.
  static lengths up_to(std::size_t longest) {
    return {"1 to " + std::to_string(longest), [longest](auto& random) {
              return std::uniform_real_distribution<double>(1, static_cast<double>(longest) + 1)(random);
            }};
  }
};

/// Texts of random ids that have so many tokens together.
inline std::vector<carpool::bert::tokens> random_texts(std::size_t count, const lengths& how,
                                                       const carpool::bert::model_config& config) {
  std::mt19937 random(static_cast<unsigned>(count));
  std::uniform_int_distribution<std::int32_t> id(0, static_cast<std::int32_t>(config.vocab_size) - 1);
  const auto longest = static_cast<double>(std::min<std::int64_t>(config.max_positions, 512));
  std::vector<carpool::bert::tokens> texts;
  for (std::size_t left = count; left > 0;) {
    const auto wanted = static_cast<std::size_t>(std::clamp(how.draw(random), 1.0, longest));
    std::vector<std::int32_t> ids(std::min(wanted, left));
    for (auto& each : ids) each = id(random);
    texts.emplace_back(std::move(ids));
    left -= texts.back().size();
  }
  return texts;
}

inline carpool::bert::packed_batch pack(std::span<const carpool::bert::tokens> texts) {
  carpool::bert::packed_batch batch;
  for (const auto& text : texts) batch.append(text);
  batch.close();
  return batch;
}

/// Tokens of a batch that keeps a GPU busy.
constexpr std::size_t full_batch(bool toy) { return toy ? 32 : 16384; }

/// The first texts that have at most so many tokens together; one at least.
inline std::vector<carpool::bert::tokens> first_texts(const std::vector<carpool::bert::tokens>& texts,
                                                      std::size_t tokens) {
  std::vector<carpool::bert::tokens> result;
  std::size_t sum = 0;
  for (const auto& text : texts) {
    if (!result.empty() && sum + text.size() > tokens) break;
    sum += text.size();
    result.push_back(text);
  }
  return result;
}

class encoder_sweep {
 public:
  /// `arriving`: texts that someone sends, beside those that are made up.
  encoder_sweep(const subject& model, std::vector<carpool::bert::tokens> arriving, bool toy)
      : model_(model), arriving_(std::move(arriving)), toy_(toy) {}

  /// Takes `budget` seconds, and what it takes to prepare.
  void measure(double budget) const {
    std::vector<cell> cells;
    for (const activation form : gelu_forms) add_encoder(form, cells);
    for (const bool graphs : {true, false}) add_lane(graphs, cells);
    for (const cell& each : cells) run(each, budget / static_cast<double>(cells.size()));
  }

 private:
  using texts = std::vector<carpool::bert::tokens>;

  struct cell {
    std::string side;
    activation gelu;
    std::string lengths;
    std::shared_ptr<const texts> batch;
    std::function<void()> work;
  };

  void run(const cell& each, double budget) const {
    const c10::InferenceMode no_gradients;
    for (int warm = toy_ ? 5 : 0; warm < 5; ++warm) each.work();
    const double time = time_of(model_.device(), budget, [&](std::size_t) { each.work(); });
    double tokens = 0, squares = 0;
    for (const auto& text : *each.batch) {
      const auto size = static_cast<double>(text.size());
      tokens += size;
      squares += size * size;
    }
    const auto count = static_cast<double>(each.batch->size());
    json_line("encoder")
        .add("model", model_.name())
        .add("gelu", name_of(each.gelu))
        .add("side", each.side)
        .add("lengths", each.lengths)
        .add("tokens", tokens)
        .add("texts", count)
        .add("length_by_tokens", squares / tokens)  // of the text that a token is in, in the mean
        .add("microseconds", 1e6 * time)
        .add("tokens_per_second", tokens / time)
        .add("texts_per_second", count / time)
        .print();
  }

  void add_encoder(activation form, std::vector<cell>& cells) const {
    const std::size_t tokens = full_batch(toy_);
    const auto network = model_.encoder(form);
    const auto padded =
        std::make_shared<const padded_bert>(model_.config(form), model_.weights(), model_.target());
    const auto add = [&](const std::string& name, texts given, bool pads) {
      const auto batch = std::make_shared<const texts>(std::move(given));
      cells.push_back({"encoder alone", form, name, batch, alone(network, *batch)});
      if (!pads) return;
      cells.push_back({"padded SDPA", form, name, batch, by_padding(padded, {*batch})});
      cells.push_back(
          {"padded SDPA, sorted, 32", form, name, batch, by_padding(padded, cut(sorted(*batch), 32))});
    };
    for (const std::size_t size : {32U, 50U, 128U, 512U})
      add(std::to_string(size), made_up(tokens, lengths::all(size)), size == 128);
    for (const lengths& how : {lengths::up_to(128), lengths::mixed()})
      add(how.name, made_up(tokens, how), true);
    add("of the loops", first_texts(arriving_, tokens), true);
  }

  void add_lane(bool graphs, std::vector<cell>& cells) const {
    const std::shared_ptr<carpool::bert::device_lane> lane =
        model_.device_lane(model_.encoder(activation::gelu), graphs);
    for (const lengths& how : {lengths::all(128), lengths::mixed()})
      for (std::size_t tokens = 64; tokens <= (toy_ ? 128U : 65536U); tokens *= 2) {
        const auto batch = std::make_shared<const texts>(made_up(tokens, how));
        cells.push_back({graphs ? "lane" : "lane, no graphs", activation::gelu, how.name, batch,
                         [lane, packed = pack(*batch)] { lane->run(packed); }});
      }
  }

  texts made_up(std::size_t tokens, const lengths& how) const {
    return random_texts(tokens, how, model_.config(activation::gelu));
  }

  /// The batch is on the device already.
  std::function<void()> alone(std::shared_ptr<const carpool::bert::encoder> network,
                              const texts& batch) const {
    const auto packed = std::make_shared<const carpool::bert::packed_batch>(pack(batch));
    const auto sent = [&](std::span<const std::int32_t> numbers) {
      return at::from_blob(const_cast<std::int32_t*>(numbers.data()),
                           {static_cast<std::int64_t>(numbers.size())}, at::kInt)
          .to(model_.device());
    };
    return [network = std::move(network), packed, ids = sent(packed->ids()), places = sent(packed->places()),
            offsets = sent(packed->offsets())] {
      (*network)({*packed, ids, places, offsets});
    };
  }

  /// So are these.
  std::function<void()> by_padding(std::shared_ptr<const padded_bert> network,
                                   const text_batches& batches) const {
    std::vector<padded_texts> sent;
    for (const auto& batch : batches) sent.push_back(pad(batch, model_.device()));
    return [network = std::move(network), sent = std::move(sent)] {
      for (const padded_texts& each : sent) (*network)(each);
    };
  }

  const subject& model_;
  texts arriving_;
  bool toy_;
};

}  // namespace bench
