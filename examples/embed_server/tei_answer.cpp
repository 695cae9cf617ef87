// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "tei_answer.hpp"

#include <carpool/version.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <numeric>
#include <vector>

namespace embed_server {
namespace {

namespace json = boost::json;

std::string milliseconds(carpool::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

json::object model_type(const served_model& model) {
  if (model.kind() == model_kind::embedder) return {{"embedding", {{"pooling", model.pooling}}}};
  json::object id2label, label2id;
  for (std::size_t id = 0; id < model.labels.size(); ++id) {
    id2label.emplace(std::to_string(id), model.labels[id]);
    label2id.emplace(model.labels[id], id);
  }
  const char* const kind = model.kind() == model_kind::reranker ? "reranker" : "classifier";
  return {{kind, {{"id2label", id2label}, {"label2id", label2id}}}};
}

}  // namespace

std::string tei_info(const served_model& model, const limits& limits) {
  return json::serialize(json::value{{"model_id", model.name},
                                     {"model_sha", nullptr},
                                     {"model_dtype", model.precision},
                                     {"served_model_name", model.name},
                                     {"model_type", model_type(model)},
                                     {"max_concurrent_requests", model.max_queue_size},
                                     {"max_input_length", model.max_tokens},
                                     {"max_batch_tokens", model.max_batch_size * model.max_tokens},
                                     {"max_batch_requests", model.max_batch_size},
                                     {"max_client_batch_size", limits.inputs},
                                     {"auto_truncate", true},
                                     {"tokenization_workers", 1},
                                     {"version", CARPOOL_VERSION_STRING},
                                     {"sha", nullptr},
                                     {"docker_label", nullptr}});
}

std::string tei_similarities(std::span<const embedding> embeddings) {
  const embedding& source = embeddings.back();
  std::vector<float> cosines;
  for (const embedding& other : embeddings.first(embeddings.size() - 1))
    cosines.push_back(std::inner_product(source.begin(), source.end(), other.begin(), 0.0F));
  std::string answer;
  append_numbers(answer, cosines);
  return answer;
}

std::size_t count_characters(std::span<const std::string> texts) {
  std::size_t count = 0;
  for (const std::string& text : texts)
    for (const char byte : text)
      count += (static_cast<unsigned char>(byte) & 0xc0) != 0x80;  // continuation bytes of UTF-8 begin none
  return count;
}

void add_effort(response& answer, const served_model& model, std::size_t characters, std::size_t token_count,
                request_times took) {
  answer.set("x-compute-type", model.on_gpu ? "gpu" : "cpu");
  answer.set("x-compute-time", milliseconds(took.total));
  answer.set("x-compute-characters", std::to_string(characters));
  answer.set("x-compute-tokens", std::to_string(token_count));
  answer.set("x-total-time", milliseconds(took.total));
  answer.set("x-tokenization-time", milliseconds(took.tokenization));
}

}  // namespace embed_server
