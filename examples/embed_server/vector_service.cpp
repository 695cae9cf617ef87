// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "vector_service.hpp"

#include "api_error.hpp"
#include "embed_answer.hpp"
#include "prompts.hpp"
#include "tei_answer.hpp"
#include "turns.hpp"

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace embed_server {
namespace {

struct embedded {
  response answer;
  std::size_t token_count;
  request_times took;
};

void check_dimensions(const embed_request& request, std::size_t dimension) {
  if (request.dimensions.value_or(1) <= dimension) return;
  throw api_error{problem::invalid,
                  "dimensions must be at most " + std::to_string(dimension) + ", the model's own",
                  "dimensions"};
}

// The vectors of so many tokens must fit an answer.
void check_vectors(std::size_t token_count, std::size_t dimension, std::size_t limit) {
  if (token_count <= limit / dimension) return;
  throw api_error{problem::invalid,
                  "inputs has " + std::to_string(token_count) + " tokens, of which " +
                      std::to_string(limit / dimension) +
                      " can be answered at most: send fewer or shorter texts",
                  "inputs"};
}

// Has the model give the vectors of all tokens, of which not too many may be wanted.
void ask_for_token_vectors(embedding_job& job, const served_model& model, const limits& limits) {
  if (!model.gives_token_vectors)
    throw api_error{problem::unsuitable_model,
                    model.name + " is an exported program, which pools and scales its vectors itself"};
  job.pooled = false;
  job.admit = [dimension = model.dimension, most = limits.vector_values](std::size_t token_count) {
    check_vectors(token_count, dimension, most);
  };
}

// A model that scales its embeddings itself gives none of another length, but the vectors that it pools.
bool pools_here(const embed_request& request, const served_model& model) {
  return !request.normalize && model.unit_length;
}

// What the request wants of what the model gave for one text.
void fit(embedding& values, const embed_request& request, const served_model& model) {
  if (pools_here(request, model)) values = pool_tokens(values, model.dimension, model.pooling == "mean");
  const bool cut = request.dimensions.value_or(values.size()) < values.size();
  if (cut) values.resize(*request.dimensions);
  if (request.normalize && (cut || !model.unit_length)) scale_to_unit(values);
}

asio::awaitable<std::string> write_vectors(const embed_request& request, embedded_texts result,
                                           const served_model& model, std::size_t work_per_turn) {
  answer_writer writer{request.form, model.name};
  turns turn{work_per_turn};
  for (embedding& values : result.vectors) {
    const std::size_t before = writer.size(), read = values.size();
    fit(values, request, model);
    writer.append(values);
    co_await turn.spend(writer.size() - before + read);
  }
  co_return writer.finish(result.token_count);
}

// One text's vectors, of its tokens.
void append_vectors(std::string& out, std::span<const float> values, std::size_t dimension) {
  out += '[';
  for (std::size_t at = 0; at < values.size(); at += dimension) {
    if (at > 0) out += ',';
    append_numbers(out, values.subspan(at, dimension));
  }
  out += ']';
}

asio::awaitable<embedded> embed(circumstances& when, const limits& limits, const embed_request& request) {
  check_dimensions(request, when.about().dimension);
  embedding_job job;
  if (pools_here(request, when.about())) ask_for_token_vectors(job, when.about(), limits);
  embedded_texts result = co_await when.run(request, std::move(job));
  const std::size_t token_count = result.token_count;
  const carpool::duration preparation = result.preparation;
  response answer =
      make_response(http::status::ok,
                    co_await write_vectors(request, std::move(result), when.about(), limits.work_per_turn));
  co_return embedded{std::move(answer), token_count, {preparation, when.record()}};
}

}  // namespace

asio::awaitable<response> answer_embed(circumstances& when, const limits& limits, std::string body) {
  embed_request request = parse_embed(body, when.max_inputs(limits));
  const std::size_t characters = count_characters(request.texts);
  add_prompt(request, when);
  auto [answer, token_count, took] = co_await embed(when, limits, request);
  add_effort(answer, when.about(), characters, token_count, took);
  co_return std::move(answer);
}

asio::awaitable<response> answer_openai(circumstances& when, const limits& limits, embed_request request) {
  auto [answer, token_count, took] = co_await embed(when, limits, request);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took.total);
  answer.set("openai-processing-ms", std::to_string(milliseconds.count()));
  co_return std::move(answer);
}

asio::awaitable<response> answer_embed_all(circumstances& when, const limits& limits, std::string body) {
  submitted_texts request = parse_embed_all(body, when.max_inputs(limits));
  const std::size_t characters = count_characters(request.texts);
  add_prompt(request, when);
  const std::size_t dimension = when.about().dimension;
  embedding_job job;
  ask_for_token_vectors(job, when.about(), limits);
  const embedded_texts result = co_await when.run(request, std::move(job));
  turns turn{limits.work_per_turn};
  std::string out;
  for (const embedding& values : result.vectors) {
    out += out.empty() ? '[' : ',';
    const std::size_t before = out.size();
    append_vectors(out, values, dimension);
    co_await turn.spend(out.size() - before);
  }
  response answer = make_response(http::status::ok, std::move(out) + ']');
  add_effort(answer, when.about(), characters, result.token_count, {result.preparation, when.record()});
  co_return answer;
}

asio::awaitable<response> answer_similarity(circumstances& when, const limits& limits, std::string body) {
  submitted_texts request = parse_similarity(body, when.max_inputs(limits));
  add_prompt(request, when);
  embedding_job job;
  embedded_texts result = co_await when.run(request, std::move(job));
  if (!when.about().unit_length)
    for (embedding& values : result.vectors) scale_to_unit(values);
  when.record();
  co_return make_response(http::status::ok, tei_similarities(result.vectors));
}

}  // namespace embed_server
