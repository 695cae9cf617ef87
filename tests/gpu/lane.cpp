// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The encoder on the device, against sentence-transformers' answers in fp32.

#include <carpool/bert/bert.hpp>
#include <carpool/error.hpp>

#include <ATen/core/Tensor.h>
#include <c10/core/Scalar.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <support/doctest.hpp>
#include <support/golden_embeddings.hpp>
#include <support/rounding.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace carpool::bert;
using carpool::test::difference;
using carpool::test::embedding_tolerance;
using carpool::test::golden_texts;
using carpool::test::golden_vectors;

namespace {

std::vector<embedding> run(lane& functors, std::span<const std::string> texts) {
  std::vector<embedding> result;
  for (auto& item : functors.split(functors.model(functors.collate(texts)), texts.size()))
    result.push_back(item.value());
  return result;
}

embedder load(precision type) { return embedder{CARPOOL_TEST_MINILM, {.device = "cuda", .precision = type}}; }

}  // namespace

TEST_CASE("the golden texts get their embeddings in each precision, one by one and all at once") {
  const auto texts = golden_texts();
  const model_config config = read_model_config(CARPOOL_TEST_MINILM);
  for (const auto& [precision, type] :
       {std::pair{precision::fp32, at::kFloat}, std::pair{precision::fp16, at::kHalf},
        std::pair{precision::bf16, at::kBFloat16}}) {
    const double tolerance = embedding_tolerance(type, config);
    const embedder model = load(precision);
    lane functors = model(0);
    const auto expected = golden_vectors(model.dimension());
    const auto together = run(functors, texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CHECK(difference(together[i], expected[i]) <= tolerance);
      CHECK(difference(run(functors, std::span(texts).subspan(i, 1))[0], expected[i]) <= tolerance);
    }
  }
}

TEST_CASE("the vectors of a text's tokens, pooled and scaled, are its embedding") {
  const auto texts = golden_texts();
  const embedder model = load(precision::fp32);
  lane functors = model(0);
  const auto expected = golden_vectors(model.dimension());
  const double tolerance = embedding_tolerance(at::kFloat, read_model_config(CARPOOL_TEST_MINILM));
  std::vector<tokens> batch;
  for (const std::string& text : texts) {
    batch.push_back(model.tokenize(text));
    batch.back().pooled = false;
  }
  const auto items = functors.split(functors.model(functors.collate(batch)), batch.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const embedding& vectors = items[i].value();
    REQUIRE(vectors.size() == batch[i].size() * model.dimension());
    embedding sum(model.dimension());
    for (std::size_t j = 0; j < vectors.size(); ++j) sum[j % sum.size()] += vectors[j];
    const float length = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0F));
    for (float& value : sum) value /= length;
    CHECK(difference(sum, expected[i]) <= tolerance);
  }
}

TEST_CASE("graphs give what single launches give, and the same again and again") {
  const auto config = read_model_config(CARPOOL_TEST_MINILM);
  const auto target = at::TensorOptions(at::kHalf).device(at::kCUDA, 0);
  const auto network = std::make_shared<const encoder>(
      config, read_weights(safetensors_file{find_weights(CARPOOL_TEST_MINILM)}, config), target);
  REQUIRE(network->runs_in_graphs());
  const auto health = std::make_shared<device_health>("cuda:0");
  const auto turns = std::make_shared<cuda_turns>();
  cuda_lane by_graph(network, target.device(), health, turns),
      by_launches(network, target.device(), health, turns, false);
  by_graph.warm_up();
  const embedder model = load(precision::fp16);
  const auto texts = golden_texts();
  for (std::size_t count = 1; count <= texts.size(); count *= 2) {
    packed_batch batch;
    for (std::size_t i = 0; i < count; ++i) batch.append(model.tokenize(texts[i]));
    batch.close();
    const at::Tensor launched = by_launches.run(batch).clone();
    const at::Tensor first = by_graph.run(batch).clone();
    // Of other sizes, so perhaps by other kernels.
    CHECK(first.sub(launched).abs().max().item().toDouble() <= 2 * embedding_tolerance(at::kHalf, config));
    for (int again = 0; again < 3; ++again) CHECK(by_graph.run(batch).equal(first));
  }
}

TEST_CASE(
    "in invariant mode a text's vector is bitwise the same in any company, by graph or not, on any lane") {
  for (const precision type : {precision::fp32, precision::fp16, precision::bf16}) {
    const embedder model{CARPOOL_TEST_MINILM, {.device = "cuda", .precision = type, .invariant = true}};
    lane first = model(0), second = model(1);
    const auto texts = golden_texts();
    std::vector<std::string> many;  // more tokens than graphs take
    while (many.size() < 1'000) many.insert(many.end(), texts.begin(), texts.end());
    std::vector<embedding> alone;
    for (std::size_t i = 0; i < texts.size(); ++i)
      alone.push_back(run(first, std::span(texts).subspan(i, 1)).front());
    for (const std::size_t count : {2UL, 5UL, texts.size(), many.size()})
      for (lane* each : {&first, &second}) {
        const auto together = run(*each, std::span(many).first(count));
        for (std::size_t i = 0; i < count; ++i)
          CHECK(std::memcmp(together[i].data(), alone[i % texts.size()].data(),
                            model.dimension() * sizeof(float)) == 0);
      }
  }
}

TEST_CASE("large batches of two lanes, which take turns, are as if each lane were alone") {
  const embedder model = load(precision::fp16);
  lane first = model(0), second = model(1);
  const auto texts = golden_texts();
  std::vector<std::string> many;
  while (many.size() < 1'500) many.insert(many.end(), texts.begin(), texts.end());
  const auto alone = run(first, many);
  std::array<std::size_t, 2> different{};
  {
    std::array<std::jthread, 2> threads;
    for (std::size_t i = 0; i < 2; ++i)
      threads[i] = std::jthread([&, i] {
        for (int again = 0; again < 20; ++again) different[i] += run(i == 0 ? first : second, many) != alone;
      });
  }
  CHECK(different[0] == 0);
  CHECK(different[1] == 0);
}

TEST_CASE("a batch that does not fit into memory says so, and the lane works on") {
  const embedder model = load(precision::fp16);
  lane functors = model(0);
  const auto texts = golden_texts();
  std::vector<std::string> many;
  while (many.size() < 20'000) many.insert(many.end(), texts.begin(), texts.end());
  c10::cuda::CUDACachingAllocator::setMemoryFraction(0.01, 0);
  CHECK_THROWS_AS(run(functors, many), carpool::out_of_memory);
  c10::cuda::CUDACachingAllocator::setMemoryFraction(1.0, 0);
  CHECK(run(functors, std::span(texts).first(3)).size() == 3);
  CHECK(model.devices().front().works);
}
