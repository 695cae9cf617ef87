// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The real all-MiniLM-L6-v2 against sentence-transformers; goldens/make_embedding_goldens.py wrote the
// answers.
#include "support/doctest.hpp"
#include "support/golden_embeddings.hpp"
#include "support/resident_memory.hpp"
#include <carpool/bert/bert.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace carpool::bert;
using carpool::test::difference;
using carpool::test::golden_texts;
using carpool::test::golden_vectors;
using carpool::test::under_sanitizers;

namespace {

constexpr double tolerance = 1e-5;
constexpr double batch_tolerance = 1e-6;

const std::filesystem::path model_folder = CARPOOL_TEST_MINILM;

double cosine(const embedding& a, const embedding& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);  // both have length 1
}

embedder load(precision asked = precision::fp32) {
  INFO("the weights of all-MiniLM-L6-v2 belong in \"", model_folder.string(),
       "\"; tests/run.sh installs them and CARPOOL_MINILM names another folder");
  REQUIRE(std::filesystem::exists(model_folder / "model.safetensors"));
  return embedder{model_folder, {.device = "cpu", .threads = 1, .precision = asked}};
}

/// Whether this text is also run alone: with sanitizers, where that takes a minute, only some are.
bool runs_alone(std::size_t index) { return !under_sanitizers || index % 8 == 0; }

/// One batch through the functor set, as a batcher would do it.
std::vector<embedding> run(lane& functors, std::vector<std::string> texts) {
  const std::size_t n = texts.size();
  std::vector<embedding> result;
  for (auto& item : functors.split(functors.model(functors.collate(texts)), n))
    result.push_back(item.value());
  REQUIRE(result.size() == n);
  return result;
}

}  // namespace

TEST_CASE("real texts of many languages get the embeddings that sentence-transformers gives them, to 1e-5") {
  const embedder model = load();
  lane functors = model(0);
  const std::vector<std::string> texts = golden_texts();
  const std::vector<embedding> expected = golden_vectors(model.dimension());
  REQUIRE(texts.size() > 60);
  REQUIRE(texts.size() == expected.size());
  const std::vector<embedding> together = run(functors, texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    INFO(texts[i]);
    CHECK(difference(together[i], expected[i]) < tolerance);
    if (runs_alone(i)) CHECK(difference(run(functors, {texts[i]})[0], expected[i]) < tolerance);
  }
}

TEST_CASE("a real text's embedding does not depend on its batch mates, to 1e-6") {
  const embedder model = load();
  lane functors = model(0);
  const std::vector<std::string> all = golden_texts();
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (runs_alone(i)) texts.push_back(all[i]);
  std::vector<embedding> alone;
  for (const std::string& text : texts) alone.push_back(run(functors, {text})[0]);
  std::mt19937 random(1);
  std::vector<std::size_t> order(texts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (const std::size_t batch_size : {2U, 7U, 32U}) {
    std::shuffle(order.begin(), order.end(), random);
    for (std::size_t begin = 0; begin < order.size(); begin += batch_size) {
      const std::size_t end = std::min(order.size(), begin + batch_size);
      std::vector<std::string> batch;
      for (std::size_t i = begin; i < end; ++i) batch.push_back(texts[order[i]]);
      const std::vector<embedding> mixed = run(functors, batch);
      for (std::size_t i = begin; i < end; ++i)
        CHECK(difference(mixed[i - begin], alone[order[i]]) < batch_tolerance);
    }
  }
}

#ifdef __x86_64__
TEST_CASE(
    "in int8 real texts keep a cosine of 0.97 to fp32, 0.99 on average, and do not depend on batch mates") {
  const embedder model = load(precision::int8);
  lane functors = model(0);
  const std::vector<std::string> texts = golden_texts();
  const std::vector<embedding> exact = golden_vectors(model.dimension());
  const std::vector<embedding> together = run(functors, texts);
  double sum = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    INFO(texts[i]);
    CHECK(cosine(together[i], exact[i]) > 0.97);
    if (runs_alone(i)) CHECK(difference(run(functors, {texts[i]})[0], together[i]) < batch_tolerance);
    sum += cosine(together[i], exact[i]);
  }
  CHECK(sum / static_cast<double>(texts.size()) > 0.99);
}
#endif

TEST_CASE("in bf16, where the CPU has instructions for it, real texts keep a cosine of 0.999 to fp32") {
  if (!find_cpu_features().bf16) return;
  const embedder model = load(precision::bf16);
  lane functors = model(0);
  const std::vector<std::string> texts = golden_texts();
  const std::vector<embedding> exact = golden_vectors(model.dimension());
  const std::vector<embedding> together = run(functors, texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    INFO(texts[i]);
    CHECK(cosine(together[i], exact[i]) > 0.999);
  }
}

TEST_CASE("the real model's folder says what the model is") {
  const embedder model = load();
  CHECK(model.dimension() == 384);
  CHECK(model.max_tokens() == 256);
  CHECK(model.tokenize("share the ride").ids == std::vector<std::int32_t>{101, 3745, 1996, 4536, 102});
}
