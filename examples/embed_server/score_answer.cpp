// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "score_answer.hpp"

#include "embed_answer.hpp"
#include "json_text.hpp"

#include <algorithm>
#include <numeric>

namespace embed_server {
namespace {

using carpool::bert::score_function;

score_function function_of(const served_model& model) {
  if (model.score_function != score_function::identity) return model.score_function;
  return model.labels.size() == 1 ? score_function::sigmoid : score_function::softmax;
}

void append_score(std::string& out, float score) {
  out += R"("score":)";
  append_elements(out, {&score, 1});
}

}  // namespace

std::vector<float> scores_of(const served_model& model, std::span<const float> logits, bool raw) {
  check_finite(logits);
  return carpool::bert::scores(raw ? score_function::identity : function_of(model), logits);
}

std::vector<std::size_t> best_first(std::span<const float> logits) {
  std::vector<std::size_t> places(logits.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::stable_sort(places, [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  return places;
}

void append_rank(std::string& out, std::size_t index, const std::string* text, float score) {
  out += R"({"index":)" + std::to_string(index) + ',';
  if (text != nullptr) out += R"("text":)" + json_string(*text) + ',';
  append_score(out, score);
  out += '}';
}

void append_prediction(std::string& out, const std::vector<std::string>& labels,
                       std::span<const float> logits, std::span<const float> scores) {
  out += '[';
  for (const std::size_t place : best_first(logits)) {
    if (out.back() != '[') out += ',';
    append_score(out += '{', scores[place]);
    out += R"(,"label":)" + json_string(labels[place]) + '}';
  }
  out += ']';
}

std::size_t prediction_size(const std::vector<std::string>& labels) {
  constexpr std::size_t brackets = 2;
  std::size_t size = brackets;
  for (const std::string& label : labels)
    size += std::string_view(R"({"score":"label":},)").size() + longest_number + json_string(label).size();
  return size;
}

}  // namespace embed_server
