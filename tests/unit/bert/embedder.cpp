// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/error_of.hpp"
#include "support/reference_bert.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_bert.hpp"
#include <carpool/bert/bert.hpp>
#include <carpool/carpool.hpp>

#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <future>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace carpool::bert;
using namespace carpool::test;
using boost::asio::use_future;

namespace {

embedder load(const tiny_bert& model, model_options options = {.device = "cpu", .threads = 1}) {
  const temporary_folder folder;
  model.write(folder);
  return embedder{folder.path(), std::move(options)};
}

std::string refusal(const std::filesystem::path& folder, const model_options& options = {}) {
  try {
    embedder{folder, options};
  } catch (const std::exception& fault) {
    return fault.what();
  }
  return "accepted";
}

boost::system::error_code refusal(const embedder& model, std::string_view text) {
  return error_of([&] { model.tokenize(text); });
}

bool near(const embedding& found, const std::vector<double>& expected) {
  bool result = found.size() == expected.size();
  for (std::size_t i = 0; result && i < found.size(); ++i)
    result = std::abs(double{found[i]} - expected[i]) < 1e-6;
  return result;
}

}  // namespace

TEST_CASE("an embedder knows its model") {
  const embedder model = load(tiny_bert{});
  CHECK(model.dimension() == 24);
  CHECK(model.max_tokens() == 18);
  CHECK(model.device_description().starts_with("cpu, "));
  CHECK(model.name().starts_with("carpool-test-"));
}

TEST_CASE("DynamicBatcher of tokens: many texts in flight, each gets its own embedding") {
  const tiny_bert tiny;
  const embedder model = load(tiny);
  carpool::DynamicBatcher<tokens, embedding> batcher{model.batching(), model};
  const std::vector<std::string> texts{"share the ride", "the pool", "car pools to work every day.",
                                       "unknownword"};
  std::vector<std::future<embedding>> answers;
  for (int round = 0; round < 8; ++round) {
    for (const std::string& text : texts)
      answers.push_back(batcher.async_submit(model.tokenize(text), use_future));
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const tokens asked = model.tokenize(texts[i % texts.size()]);
    CHECK(near(answers[i].get(), reference_bert{tiny.config, tiny.weights}.embed(asked)));
  }
}

TEST_CASE("DynamicBatcher of strings and plain vectors: tokenises on the lane, and a bad text fails alone") {
  const tiny_bert tiny;
  const embedder model = load(tiny);
  carpool::DynamicBatcher<std::string, std::vector<float>> batcher{model.batching(), model};
  auto good = batcher.async_submit("share the ride", use_future);
  auto bad = batcher.async_submit("\xff", use_future);
  auto empty = batcher.async_submit(" \t ", use_future);
  auto also_good = batcher.async_submit("the pool", use_future);
  const reference_bert reference{tiny.config, tiny.weights};
  CHECK(near(good.get(), reference.embed(model.tokenize("share the ride"))));
  CHECK(error_of([&] { bad.get(); }) == error::invalid_utf8);
  CHECK(error_of([&] { empty.get(); }) == error::empty_text);
  CHECK(near(also_good.get(), reference.embed(model.tokenize("the pool"))));
}

TEST_CASE("several lanes share one model") {
  const tiny_bert tiny;
  const embedder model = load(tiny);
  carpool::options options = model.batching();
  options.lanes = 3;
  options.max_batch_size = 2;
  carpool::DynamicBatcher<tokens, embedding> batcher{options, model};
  std::vector<std::future<embedding>> answers;
  for (int i = 0; i < 30; ++i)
    answers.push_back(batcher.async_submit(model.tokenize("share the ride"), use_future));
  const auto expected = reference_bert{tiny.config, tiny.weights}.embed(model.tokenize("share the ride"));
  for (auto& answer : answers) CHECK(near(answer.get(), expected));
}

TEST_CASE("a NaN in the weights of one word fails only the texts with that word") {
  tiny_bert tiny;
  tiny.weights.tensors.at("embeddings.word_embeddings.weight").values[15 * 24 + 3] =
      std::numeric_limits<float>::quiet_NaN();
  const embedder model = load(tiny);
  carpool::DynamicBatcher<tokens, embedding> batcher{model.batching(), model};
  auto good = batcher.async_submit(model.tokenize("the pool"), use_future);
  auto bad = batcher.async_submit(model.tokenize("the bad pool"), use_future);
  CHECK(near(good.get(), reference_bert{tiny.config, tiny.weights}.embed(model.tokenize("the pool"))));
  CHECK(error_of([&] { bad.get(); }) == error::non_finite_output);
}

TEST_CASE("a text without a token is refused, and bytes that are not UTF-8 are") {
  const embedder model = load(tiny_bert{});
  CHECK(refusal(model, "") == error::empty_text);
  CHECK(refusal(model, " \n\t") == error::empty_text);
  CHECK(refusal(model, "ride \xc0\xaf") == error::invalid_utf8);
  CHECK_FALSE(refusal(model, "ride"));
}

TEST_CASE("a long text is cut or refused, by option and by call") {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "ride ";
  const embedder cutting = load(tiny_bert{});
  CHECK(cutting.tokenize(text).size() == 18);
  CHECK_THROWS_AS(cutting.tokenize(text, {.truncate = false}), boost::system::system_error);
  const embedder refusing = load(tiny_bert{}, {.device = "cpu", .threads = 1, .truncate = false});
  CHECK(refusal(refusing, text) == error::text_too_long);
  CHECK(refusing.tokenize(text, {.truncate = true}).size() == 18);
}

TEST_CASE("fp16 and bf16 checkpoints are loaded from a folder as they are") {
  const tiny_bert tiny;
  const checkpoint rounded = tiny.weights.rounded<c10::BFloat16>();
  const temporary_folder folder;
  tiny.write(folder, tiny.weights.file<c10::BFloat16>());
  const embedder model{folder.path(), {.device = "cpu", .threads = 1}};
  carpool::DynamicBatcher<tokens, embedding> batcher{model.batching(), model};
  const tokens asked = model.tokenize("share the ride");
  CHECK(
      near(batcher.async_submit(asked, use_future).get(), reference_bert{tiny.config, rounded}.embed(asked)));
}

TEST_CASE("what cannot be loaded is refused with a sentence that names the file") {
  const temporary_folder folder;
  tiny_bert tiny;
  tiny.write(folder, "not safetensors at all");
  CHECK(refusal(folder.path()).starts_with((folder.path() / "model.safetensors").string()));
  tiny.weights.tensors.erase("embeddings.LayerNorm.bias");
  tiny.write(folder);
  CHECK(refusal(folder.path()) == (folder.path() / "model.safetensors").string() +
                                      R"(: there is no tensor "embeddings.LayerNorm.bias")");
  std::filesystem::remove(folder.path() / "model.safetensors");
  CHECK(refusal(folder.path()).starts_with((folder.path() / "model.safetensors").string()));
  CHECK(refusal(folder.path() / "nowhere").starts_with((folder.path() / "nowhere").string()));
}

TEST_CASE("a classifier's folder is refused, unless modules.json says how to pool") {
  const std::filesystem::path folder = std::filesystem::path(CARPOOL_TEST_GOLDENS) / "classifier";
  for (const char* model : {"topics", "reranker"}) {
    CHECK(refusal(folder / model) ==
          (folder / model / "config.json").string() +
              ": architectures is \"BertForSequenceClassification\", which makes no embeddings; "
              "carpool::bert::classifier loads it");
  }
  const temporary_folder copied;
  std::filesystem::copy(folder / "topics", copied.path());
  copied.write("modules.json",
               R"([{"type": "a.Transformer", "path": ""}, {"type": "a.Pooling", "path": "1"}])");
  copied.write("1/config.json", R"({"pooling_mode": "mean"})");
  CHECK(embedder{copied.path(), {.device = "cpu", .threads = 1}}.dimension() == 32);
}

TEST_CASE("options that this machine cannot fulfil are refused before anything is loaded") {
  const std::filesystem::path nowhere = "/nowhere";
  CHECK(refusal(nowhere, {.device = "tpu"}).starts_with("model_options::device is \"tpu\""));
  CHECK(refusal(nowhere, {.device = "cpu", .precision = precision::fp16})
            .starts_with("model_options::precision"));
  if (find_cpu_features().bf16) return;
  CHECK(refusal(nowhere, {.device = "cpu", .precision = precision::bf16})
            .starts_with("model_options::precision"));
}

TEST_CASE(
    "the advice for a batcher has as many lanes as there are cores for, or one for threads of one's own") {
  const auto lanes = [](std::size_t threads) {
    return load(tiny_bert{}, {.device = "cpu", .threads = threads}).batching().lanes;
  };
  CHECK(lanes(0) == share_cores(core_count()).lanes);
  CHECK(lanes(2) == 1);
  const auto three = load(tiny_bert{}, {.device = "cpu", .lanes_per_device = 3, .threads = 1}).batching();
  CHECK(three.lanes == 3);
  CHECK(three.devices == 1);
}

TEST_CASE("an embedder tells its devices") {
  CHECK((load(tiny_bert{}).devices() == std::vector<device_status>{{"cpu", true}}));
}

#ifdef __x86_64__
TEST_CASE("an embedder in int8 is near, finds NaNs, and does not depend on batch mates") {
  tiny_bert tiny;
  const embedder exact = load(tiny);
  tiny.weights.tensors.at("embeddings.word_embeddings.weight").values[15 * 24 + 3] =
      std::numeric_limits<float>::quiet_NaN();
  const embedder model = load(tiny, {.device = "cpu", .threads = 1, .precision = precision::int8});
  lane functors = model(0);
  const auto embed = [&](std::vector<std::string> texts) {
    return functors.split(functors.model(functors.collate(texts)), texts.size());
  };
  const auto together = embed({"share the ride", "the bad pool", "car pools to work"});
  CHECK(together[1].error() == error::non_finite_output);
  CHECK(embed({"share the ride"})[0].value() == together[0].value());
  const auto expected = reference_bert{tiny.config, tiny.weights}.embed(exact.tokenize("share the ride"));
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(std::abs(together[0].value()[i] - expected[i]) < 0.02);
}
#endif
