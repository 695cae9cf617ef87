// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// model_options::invariant: bitwise the same vector in any company.
#include "support/doctest.hpp"
#include "support/golden_embeddings.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_bert.hpp"
#include <carpool/bert/bert.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace carpool::bert;
using namespace carpool::test;

namespace {

std::vector<embedding> run(lane& functors, const std::vector<tokens>& texts) {
  std::vector<embedding> result;
  for (auto& item : functors.split(functors.model(functors.collate(texts)), texts.size()))
    result.push_back(item.value());
  return result;
}

bool same_bits(const embedding& a, const embedding& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// Each text alone and in batches of these sizes, at random places in random company, on two lanes.
void check_invariance(const embedder& model, const std::vector<tokens>& texts,
                      std::initializer_list<std::size_t> sizes) {
  lane first = model(0), second = model(1);
  std::vector<embedding> alone;
  for (const tokens& text : texts) alone.push_back(run(first, {text}).front());
  std::mt19937 random(20261126);
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), 0U);
  for (const std::size_t size : sizes) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<tokens> batch;
    for (std::size_t i = 0; i < size; ++i) batch.push_back(texts[order[i % order.size()]]);
    for (lane* each : {&first, &second}) {
      const auto together = run(*each, batch);
      for (std::size_t i = 0; i < size; ++i) CHECK(same_bits(together[i], alone[order[i % order.size()]]));
    }
  }
}

std::vector<tokens> random_texts(std::size_t longest) {
  std::mt19937 random(42);
  std::vector<tokens> texts;
  for (std::size_t i = 0; i < 60; ++i) {
    std::vector<std::int32_t> ids(2 + random() % (longest - 1));
    for (auto& id : ids) id = static_cast<std::int32_t>(random() % 16);
    texts.emplace_back(std::move(ids));
  }
  return texts;
}

}  // namespace

TEST_CASE("in invariant mode a text's vector is bitwise the same in any company, at any place, on any lane") {
  for (const precision asked : {precision::fp32, precision::int8}) {
#ifndef __x86_64__
    if (asked == precision::int8) continue;
#endif
    const temporary_folder folder;
    tiny_bert{}.write(folder);
    for (const std::size_t threads : {1U, 3U})
      check_invariance(embedder{folder.path(),
                                {.device = "cpu", .threads = threads, .precision = asked, .invariant = true}},
                       random_texts(18), {2, 3, 7, 20, 64, 130});
  }
}

TEST_CASE("so is that of the real model") {
  const embedder model{CARPOOL_TEST_MINILM, {.device = "cpu", .threads = 1, .invariant = true}};
  std::vector<tokens> texts;
  for (const std::string& text : golden_texts())
    if (texts.size() < 12) texts.push_back(model.tokenize(text));
  check_invariance(model, texts, {2, 12});
}

TEST_CASE("programs are not invariant, because their texts are padded") {
  const temporary_folder folder;
  tiny_bert{}.write(folder);
  model_options options{.device = "cpu", .invariant = true};
  options.program = [](c10::Device) { return std::shared_ptr<program>(); };
  CHECK_THROWS_WITH_AS(embedder(folder.path(), options),
                       doctest::Contains("model_options::invariant must be off"), std::invalid_argument);
}
