// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "operations.hpp"

#include "event_stream.hpp"

#include <cstddef>
#include <iterator>

namespace embed_server {
namespace {

constexpr const char* tei = "text-embeddings-inference";
constexpr const char* openai = "OpenAI";
constexpr const char* open_inference = "Open Inference Protocol";
constexpr const char* managing = "Model repository";
constexpr const char* watching = "The server itself";

constexpr const char* json_body = "application/json";
constexpr const char* text_body = "text/plain";
constexpr const char* html_body = "text/html";
constexpr const char* event_body = event_stream_type;

// In the order of `endpoint`.
constexpr operation operations[] = {
    {endpoint::embed, tei, "Embeddings of texts.", "EmbedRequest", "EmbedAnswer", json_body},
    {endpoint::embed_all, tei,
     "The vectors of all tokens of texts, before pooling; neither pooled nor scaled to length 1.",
     "EmbedAllRequest", "EmbedAllAnswer", json_body},
    {endpoint::similarity, tei, "How near sentences are to another one.", "SimilarityRequest",
     "SimilarityAnswer", json_body},
    {endpoint::rerank, tei, "How well texts answer a query, the best first; takes a model with one label.",
     "RerankRequest", "RerankAnswer", json_body},
    {endpoint::predict, tei,
     "The labels of texts, or of pairs of texts, with their scores, the best first; takes a classifier.",
     "PredictRequest", "PredictAnswer", json_body},
    {endpoint::tokenize, tei, "The tokens of texts, of any length, and where in them they are.",
     "TokenizeRequest", "TokenizeAnswer", json_body},
    {endpoint::decode, tei, "The texts of token ids.", "DecodeRequest", "DecodeAnswer", json_body},
    {endpoint::another_model, tei, "Always refused: that takes a model of a kind that is not to be had here.",
     "Anything", nullptr, nullptr},
    {endpoint::info, tei, "What the model is and how much it takes.", nullptr, "Info", json_body},
    {endpoint::ping, tei, "Whether the server can take requests: 200 or 503, without a body.", nullptr,
     nullptr, nullptr},
    {endpoint::openai_embeddings, openai, "Embeddings of texts.", "OpenAIEmbeddingsRequest",
     "OpenAIEmbeddingsAnswer", json_body},
    {endpoint::models, openai, "The models that are served.", nullptr, "OpenAIModels", json_body},
    {endpoint::one_model, openai, "One of the models that are served.", nullptr, "OpenAIModel", json_body},
    {endpoint::health, watching, "Whether the server can take requests, and which devices have failed.",
     nullptr, "Health", json_body},
    {endpoint::metrics, watching, "Counters and histograms in Prometheus' text format.", nullptr, nullptr,
     text_body},
    {endpoint::dashboard, watching, "What the server does, as a page that draws it.", nullptr, nullptr,
     html_body},
    {endpoint::dashboard_events, watching,
     "The lines of /metrics once a second, as server-sent events, until the client has enough.", nullptr,
     nullptr, event_body},
    {endpoint::openapi, watching, "This description, as an OpenAPI document.", nullptr, "Anything",
     json_body},
    {endpoint::docs, watching, "This description, as a page for people.", nullptr, nullptr, html_body},
    {endpoint::trace, watching,
     "What requests and batches did for some seconds, for https://ui.perfetto.dev or chrome://tracing.",
     nullptr, "Trace", json_body},
    {endpoint::options, nullptr, nullptr, nullptr, nullptr, nullptr},
    {endpoint::infer, open_inference,
     "Embeddings of texts, or a classifier's scores, as JSON or as bytes behind it.", "InferRequest",
     "InferAnswer", json_body},
    {endpoint::server_metadata, open_inference, "What the server is and which extensions it has.", nullptr,
     "ServerMetadata", json_body},
    {endpoint::server_live, open_inference, "Whether the server runs.", nullptr, "ServerLive", json_body},
    {endpoint::server_ready, open_inference, "Whether the server can take requests.", nullptr, "ServerReady",
     json_body},
    {endpoint::model_metadata, open_inference, "The inputs and outputs of the model.", nullptr,
     "ModelMetadata", json_body},
    {endpoint::model_ready, open_inference, "Whether the model can take requests.", nullptr, "ServerReady",
     json_body},
    {endpoint::model_config, open_inference, "The model's configuration, in Triton's words.", nullptr,
     "ModelConfiguration", json_body},
    {endpoint::model_statistics, open_inference, "What the model has done so far.", nullptr, "Statistics",
     json_body},
    {endpoint::all_statistics, open_inference, "What all models have done so far.", nullptr, "Statistics",
     json_body},
    {endpoint::repository_index, managing, "The models that the server knows, loaded or not.",
     "RepositoryIndexRequest", "RepositoryIndex", json_body},
    {endpoint::model_load, managing,
     "Loads a model, in place of the one that serves the name; requests under way end with that one.",
     "ModelLoadRequest", nullptr, nullptr},
    {endpoint::model_unload, managing, "Unloads a model; requests under way end with it.", "Anything",
     nullptr, nullptr},
};

constexpr bool operations_in_order() {
  for (std::size_t i = 0; i < std::size(operations); ++i)
    if (operations[i].to != static_cast<endpoint>(i)) return false;
  return std::size(operations) == static_cast<std::size_t>(endpoint::model_unload) + 1;
}
static_assert(operations_in_order(), "one row for each endpoint, in its order");

}  // namespace

const operation& operation_of(endpoint to) { return operations[static_cast<std::size_t>(to)]; }

}  // namespace embed_server
