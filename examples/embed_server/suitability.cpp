// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "suitability.hpp"

#include "api_error.hpp"

#include <string>

namespace embed_server {
namespace {

const char* refusal(endpoint to) {
  switch (to) {
    case endpoint::rerank:
      return "model is not a re-ranker model: ";
    case endpoint::predict:
      return "Model is not a classifier model: ";
    default:
      return "Model is not an embedding model: ";
  }
}

std::string what_it_does(const served_model& model) {
  if (model.labels.empty()) return model.name + " makes embeddings";
  const std::string count = std::to_string(model.labels.size());
  return model.name + " gives scores of " + count + (model.labels.size() == 1 ? " label" : " labels");
}

}  // namespace

bool can_do(model_kind kind, endpoint to) {
  switch (to) {
    case endpoint::embed:
    case endpoint::embed_all:
    case endpoint::similarity:
    case endpoint::openai_embeddings:
      return kind == model_kind::embedder;
    case endpoint::predict:
      return kind != model_kind::embedder;
    case endpoint::rerank:
      return kind == model_kind::reranker;
    default:
      return true;
  }
}

bool is_made_for(model_kind kind, endpoint to) {
  return to == endpoint::predict ? kind == model_kind::classifier : can_do(kind, to);
}

void check_can_do(const served_model& model, endpoint to) {
  if (can_do(model.kind(), to)) return;
  throw api_error{problem::unsuitable_model, refusal(to) + what_it_does(model), "model"};
}

}  // namespace embed_server
