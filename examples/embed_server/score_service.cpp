// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "score_service.hpp"

#include "api_error.hpp"
#include "score_answer.hpp"
#include "score_request.hpp"
#include "tei_answer.hpp"
#include "turns.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace embed_server {
namespace {

void check_first_text(std::string_view text, const limits& limits, const std::string& name,
                      const std::string& field) {
  if (text.size() > limits.first_text)
    throw api_error{problem::invalid,
                    name + " has " + std::to_string(text.size()) + " bytes, but may have " +
                        std::to_string(limits.first_text) + " at most, as the first text of a pair",
                    field};
}

// A query is tokenised once for each text, so that a long one and many texts are far more work than the body
// is large.
void check_query(const rerank_request& request, const limits& limits) {
  check_first_text(request.query, limits, "query", "query");
  if (request.query.size() <= limits.body_size / request.texts.size()) return;
  throw api_error{problem::invalid,
                  "query, once for each of " + std::to_string(request.texts.size()) +
                      " texts, has more than " + std::to_string(limits.body_size) +
                      " bytes: send a shorter one or fewer texts",
                  "query"};
}

void check_pairs(const predict_request& request, const limits& limits) {
  for (std::size_t i = 0; i < request.texts.size(); ++i)
    if (request.queries[i])
      check_first_text(*request.queries[i], limits, name_of_text(request, i) + "[0]", request.field);
}

// Bytes of the answer at most.
std::size_t predictions_size(std::size_t texts, const served_model& model, const limits& limits) {
  const std::size_t each = prediction_size(model.labels), most = limits.predictions / each;
  if (texts <= most) return texts * each;
  throw api_error{problem::invalid, std::to_string(texts) + " texts have " +
                                        std::to_string(model.labels.size()) +
                                        " labels with scores each, of which " + std::to_string(most) +
                                        " texts can be answered at most: send fewer texts"};
}

asio::awaitable<std::string> write_ranks(const rerank_request& request, const served_model& model,
                                         const embedded_texts& result, std::size_t work_per_turn) {
  std::vector<float> logits, scores;
  for (const embedding& one : result.vectors) {
    scores.push_back(scores_of(model, one, request.raw_scores).front());
    logits.push_back(one.front());
  }
  turns turn{work_per_turn};
  std::string out = "[";
  for (const std::size_t index : best_first(logits)) {
    if (out.size() > 1) out += ',';
    const std::size_t before = out.size();
    append_rank(out, index, request.return_text ? &request.texts[index] : nullptr, scores[index]);
    co_await turn.spend(out.size() - before);
  }
  co_return std::move(out) + ']';
}

asio::awaitable<std::string> write_predictions(const predict_request& request, const served_model& model,
                                               const embedded_texts& result, std::size_t work_per_turn) {
  turns turn{work_per_turn};
  std::string out;
  for (const auto& logits : result.vectors) {
    if (request.is_list) out += out.empty() ? '[' : ',';
    const std::size_t before = out.size();
    append_prediction(out, model.labels, logits, scores_of(model, logits, request.raw_scores));
    co_await turn.spend(out.size() - before);
  }
  if (request.is_list) out += ']';
  co_return out;
}

}  // namespace

void check_scores(std::size_t texts, const served_model& model, const limits& limits) {
  const std::size_t most = limits.vector_values / model.labels.size();
  if (texts <= most) return;
  throw api_error{problem::invalid, std::to_string(texts) + " texts have scores of " +
                                        std::to_string(model.labels.size()) + " labels each, of which " +
                                        std::to_string(most) +
                                        " texts can be answered at most: send fewer texts"};
}

asio::awaitable<response> answer_rerank(circumstances& when, const limits& limits, std::string body) {
  const rerank_request request = parse_rerank(body, when.max_inputs(limits));
  check_query(request, limits);
  embedding_job job;
  job.queries.assign(request.texts.size(), request.query);
  const embedded_texts result = co_await when.run(request, std::move(job));
  response answer = make_response(http::status::ok,
                                  co_await write_ranks(request, when.about(), result, limits.work_per_turn));
  const std::size_t characters =
      count_characters(request.texts) + request.texts.size() * count_characters({&request.query, 1});
  add_effort(answer, when.about(), characters, result.token_count, {result.preparation, when.record()});
  co_return answer;
}

asio::awaitable<response> answer_predict(circumstances& when, const limits& limits, std::string body) {
  const predict_request request = parse_predict(body, when.max_inputs(limits));
  check_pairs(request, limits);
  when.take_memory(predictions_size(request.texts.size(), when.about(), limits));
  embedding_job job;
  job.queries.assign(request.queries.begin(), request.queries.end());
  const embedded_texts result = co_await when.run(request, std::move(job));
  response answer = make_response(
      http::status::ok, co_await write_predictions(request, when.about(), result, limits.work_per_turn));
  std::size_t characters = count_characters(request.texts);
  for (const auto& query : request.queries)
    if (query) characters += count_characters({&*query, 1});
  add_effort(answer, when.about(), characters, result.token_count, {result.preparation, when.record()});
  co_return answer;
}

}  // namespace embed_server
