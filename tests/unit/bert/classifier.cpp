// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Classifiers against transformers and sentence-transformers; goldens/make_classifier_goldens.py wrote models
// and answers.
#include "support/doctest.hpp"
#include "support/error_of.hpp"
#include "support/temporary_folder.hpp"
#include <carpool/bert/bert.hpp>
#include <carpool/carpool.hpp>

#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <future>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace carpool::bert;
using boost::asio::use_future;
using carpool::test::error_of;
using carpool::test::temporary_folder;

namespace {

constexpr double tolerance = 1e-5;
constexpr double batch_tolerance = 1e-6;  // relative for logits beyond 1, because fp32 is

const std::filesystem::path goldens = std::filesystem::path{CARPOOL_TEST_GOLDENS} / "classifier";

classifier load(std::string_view name, bool truncate = true) {
  return classifier{goldens / name, {.device = "cpu", .threads = 1, .truncate = truncate}};
}

struct answer {
  std::string text;
  std::optional<std::string> second;
  std::vector<float> logits;
  std::vector<float> scores;

  tokens tokenized(const classifier& model) const {
    return second ? model.tokenize_pair(text, *second) : model.tokenize(text);
  }
};

std::vector<answer> read_answers(std::string_view name) {
  const json_file file{goldens / name / "answers.json"};
  std::vector<answer> result;
  for (const json_value& value : file.value().as_array(file.name())) {
    const json_section row{value, file.name()};
    const auto floats = [&](std::string_view field) {
      std::vector<float> numbers;
      for (const json_value& number : row.at(field).as_array(row.subject(field)))
        numbers.push_back(static_cast<float>(number.as_double(row.subject(field))));
      return numbers;
    };
    result.push_back({row.string("text"), std::nullopt, floats("logits"), floats("scores")});
    if (row.find("second") != nullptr) result.back().second = row.string("second");
  }
  REQUIRE(result.size() > 10);
  return result;
}

double largest(const std::vector<float>& numbers) {
  double result = 1;
  for (const float x : numbers) result = std::max(result, std::abs(double{x}));
  return result;
}

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(double{a[i]} - double{b[i]}));
  return worst;
}

/// One batch through the functor set, as a batcher would do it.
std::vector<prediction> run(classifier_lane& functors, const std::vector<tokens>& batch) {
  std::vector<prediction> result;
  for (auto& item : functors.split(functors.model(functors.collate(batch)), batch.size()))
    result.push_back(item.value());
  REQUIRE(result.size() == batch.size());
  return result;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// Compares what random batches give with what each text or pair gives alone on another lane.
template <class Compare>
void check_mixed_batches(const char* name, const classifier& model, Compare compare) {
  classifier_lane functors = model(0), other = model(1);
  std::vector<tokens> all;
  for (const answer& each : read_answers(name)) all.push_back(each.tokenized(model));
  std::vector<prediction> alone;
  for (const tokens& each : all) alone.push_back(run(other, {each})[0]);
  std::mt19937 random(1);
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (const std::size_t batch_size : {2U, 5U, 16U}) {
    std::shuffle(order.begin(), order.end(), random);
    for (std::size_t begin = 0; begin < order.size(); begin += batch_size) {
      const std::size_t end = std::min(order.size(), begin + batch_size);
      std::vector<tokens> batch;
      for (std::size_t i = begin; i < end; ++i) batch.push_back(all[order[i]]);
      const std::vector<prediction> mixed = run(functors, batch);
      for (std::size_t i = begin; i < end; ++i) compare(mixed[i - begin], alone[order[i]]);
    }
  }
}

std::string refusal(const std::filesystem::path& folder, const model_options& options = {}) {
  try {
    classifier{folder, options};
  } catch (const std::exception& fault) {
    return fault.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("single texts and pairs get the logits and scores that Hugging Face gives them, to 1e-5") {
  for (const char* name : {"topics", "tags", "reranker"}) {
    CAPTURE(name);
    const classifier model = load(name);
    classifier_lane functors = model(0);
    const std::vector<answer> expected = read_answers(name);
    std::vector<tokens> all;
    for (const answer& each : expected) all.push_back(each.tokenized(model));
    const std::vector<prediction> together = run(functors, all);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(expected[i].text);
      CHECK(difference(together[i].logits, expected[i].logits) < tolerance);
      CHECK(difference(together[i].scores(), expected[i].scores) < tolerance);
      CHECK(difference(run(functors, {all[i]})[0].logits, expected[i].logits) < tolerance);
    }
  }
}

TEST_CASE("a prediction does not depend on batch mates, to 1e-6") {
  for (const char* name : {"topics", "tags", "reranker"}) {
    CAPTURE(name);
    check_mixed_batches(name, load(name), [](const prediction& mixed, const prediction& alone) {
      CHECK(difference(mixed.scores(), alone.scores()) < batch_tolerance);
      CHECK(difference(mixed.logits, alone.logits) < batch_tolerance * largest(alone.logits));
    });
  }
}

TEST_CASE("in invariant mode logits and scores are bitwise the same in any company and on any lane") {
  for (const char* name : {"topics", "tags", "reranker"}) {
    CAPTURE(name);
    for (const precision asked : {precision::fp32, precision::int8}) {
#ifndef __x86_64__
      if (asked == precision::int8) continue;
#endif
      const model_options options{.device = "cpu", .threads = 1, .precision = asked, .invariant = true};
      check_mixed_batches(name, classifier{goldens / name, options},
                          [](const prediction& mixed, const prediction& alone) {
                            CHECK(same_bits(mixed.logits, alone.logits));
                            CHECK(same_bits(mixed.scores(), alone.scores()));
                          });
    }
  }
}

TEST_CASE("a classifier knows its model") {
  const classifier topics = load("topics");
  CHECK(topics.labels() == std::vector<std::string>{"traffic", "food", "weather"});
  CHECK(topics.score_function() == score_function::softmax);
  CHECK(topics.max_tokens() == 24);
  CHECK(topics.name() == "topics");
  CHECK(topics.device_description().starts_with("cpu, "));
  CHECK(topics.work(topics.tokenize_pair("share", "the ride")) == 6);
  CHECK(load("reranker").labels().size() == 1);
}

TEST_CASE("DynamicBatcher of tokens: texts and pairs share batches, each gets its own prediction") {
  const classifier model = load("tags");
  carpool::DynamicBatcher<tokens, prediction> batcher{model.batching(), model};
  const std::vector<answer> expected = read_answers("tags");
  std::vector<std::future<prediction>> found;
  for (int round = 0; round < 4; ++round) {
    for (const answer& each : expected)
      found.push_back(batcher.async_submit(each.tokenized(model), use_future));
  }
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK(difference(found[i].get().scores(), expected[i % expected.size()].scores) < tolerance);
}

TEST_CASE("a classifier has no vectors of tokens: who asks for them is refused, and nobody else") {
  const classifier model = load("topics");
  carpool::DynamicBatcher<tokens, prediction> batcher{model.batching(), model};
  const answer expected = read_answers("topics")[0];
  tokens unpooled = expected.tokenized(model);
  unpooled.pooled = false;
  auto refused = batcher.async_submit(std::move(unpooled), use_future);
  auto found = batcher.async_submit(expected.tokenized(model), use_future);
  CHECK(error_of([&] { refused.get(); }) == error::token_vectors_unsupported);
  CHECK(difference(found.get().scores(), expected.scores) < tolerance);
}

TEST_CASE("DynamicBatcher of pairs of strings: a query and its documents, of which a bad one fails alone") {
  const classifier model = load("reranker");
  carpool::DynamicBatcher<text_pair, prediction> batcher{model.batching(), model};
  const std::vector<answer> expected = read_answers("reranker");
  std::vector<std::future<prediction>> found;
  for (const answer& each : expected)
    found.push_back(batcher.async_submit(text_pair{each.text, each.second.value()}, use_future));
  auto bad = batcher.async_submit(text_pair{"who is late ?", "\xff"}, use_future);
  auto empty = batcher.async_submit(text_pair{" ", ""}, use_future);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const prediction one = found[i].get();
    CHECK(difference(one.scores(), expected[i].scores) < tolerance);
    CHECK(difference(scores(score_function::identity, one.logits), expected[i].logits) < tolerance);
  }
  CHECK(error_of([&] { bad.get(); }) == error::invalid_utf8);
  CHECK(error_of([&] { empty.get(); }) == error::empty_text);
}

TEST_CASE("DynamicBatcher of strings: single texts") {
  const classifier model = load("topics");
  carpool::DynamicBatcher<std::string, prediction> batcher{model.batching(), model};
  const answer expected = read_answers("topics")[1];
  REQUIRE_FALSE(expected.second);
  CHECK(difference(batcher.async_submit(expected.text, use_future).get().scores(), expected.scores) <
        tolerance);
}

TEST_CASE("a pair is empty only if both texts are, and a long one is cut or refused, by option and by call") {
  const classifier cutting = load("topics");
  CHECK(error_of([&] { cutting.tokenize_pair(" ", "\t"); }) == error::empty_text);
  CHECK(error_of([&] { cutting.tokenize("\t"); }) == error::empty_text);
  CHECK(cutting.tokenize_pair("", "share").size() == 4);
  CHECK(cutting.tokenize_pair("share", "").size() == 4);
  std::string text;
  for (int i = 0; i < 30; ++i) text += "ride ";
  CHECK(cutting.tokenize_pair(text, text).size() == 24);
  CHECK(error_of([&] { cutting.tokenize_pair(text, text, {.truncate = false}); }) == error::text_too_long);
  const classifier refusing = load("topics", false);
  CHECK(error_of([&] { refusing.tokenize_pair("a", text); }) == error::text_too_long);
  CHECK(error_of([&] { refusing.tokenize(text); }) == error::text_too_long);
  CHECK(refusing.tokenize_pair("a", text, {.truncate = true}).size() == 24);
}

TEST_CASE("a folder that holds no classifier is refused with a sentence that says so") {
  CHECK(refusal(CARPOOL_TEST_MINILM) == CARPOOL_TEST_MINILM
        "/config.json: architectures does not name BertForSequenceClassification, so the "
        "folder holds no classifier; if it holds an embedding model, "
        "carpool::bert::embedder loads it");
  const temporary_folder copied;
  std::filesystem::copy(goldens / "topics", copied.path());
  std::filesystem::remove(copied.path() / "model.safetensors");
  CHECK(refusal(copied.path()).starts_with((copied.path() / "model.safetensors").string()));
}

TEST_CASE("a head of another size than config.json says is refused") {
  const temporary_folder copied;
  std::filesystem::copy(goldens / "topics", copied.path());
  std::filesystem::copy_file(goldens / "reranker" / "model.safetensors", copied.path() / "model.safetensors",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(refusal(copied.path()) ==
        (copied.path() / "model.safetensors").string() +
            R"(: tensor "classifier.weight" has the shape [1, 32], but config.json asks for [3, 32])");
}
