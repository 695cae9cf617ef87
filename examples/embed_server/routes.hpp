// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "api_error.hpp"
#include "header_guard.hpp"
#include "http.hpp"

#include <span>
#include <string>
#include <string_view>

namespace embed_server {

/// What the server can do, whatever the path it is asked for under.
enum class endpoint {
  embed,
  embed_all,
  similarity,
  rerank,
  predict,
  tokenize,
  decode,
  another_model,  ///< what only models that are not to be had here could do
  info,
  ping,
  openai_embeddings,
  models,
  one_model,  ///< of those, as OpenAI describes it
  health,
  metrics,
  dashboard,
  dashboard_events,
  openapi,
  docs,
  trace,
  options,
  // The Open Inference Protocol, version 2.
  infer,
  server_metadata,
  server_live,
  server_ready,
  model_metadata,
  model_ready,
  model_config,
  model_statistics,
  all_statistics,
  repository_index,
  model_load,
  model_unload,
};

/// A path with the method it takes.
struct route {
  std::string_view path;  ///< a segment {model} or {version} stands for whatever is there
  http::verb method;      ///< GET, which HEAD goes with, or POST
  endpoint to;
};

/// All that there is. OPTIONS is understood everywhere besides.
std::span<const route> all_routes();

/// Where a request goes.
struct destination {
  endpoint to{};
  std::string model = {};    ///< the model that the path names, decoded; empty where it names none
  std::string version = {};  ///< likewise
};

/// What `text` says with each %XX in it replaced by the byte that it stands for. The header guard has seen to
/// it that two digits follow each %.
std::string percent_decoded(std::string_view text);

/// The destination for this method and path. HEAD goes where GET goes, OPTIONS is understood everywhere.
/// Throws api_error (not_found, method_not_allowed).
destination find_route(http::verb method, std::string_view path);

/// The value of Allow for a path: the methods it takes.
std::string allowed_methods(std::string_view path);

/// The family whose error bodies the clients of this path expect; paths that do not exist have one too.
api_family family_of(std::string_view path);

/// Whether those may ask for it who have no key: load balancers, monitoring, browsers before they ask.
bool is_open(endpoint to);

/// Whether it is about the state of the server only, and not about its protocols.
bool is_about_the_server(endpoint to);

/// Whether only admins may ask for it: what concerns whoever runs the server and nobody else.
bool is_for_admins(endpoint to);

/// Whether requests for it wait in the batcher's queue.
bool runs_model(endpoint to);

/// Whether the answer needs nothing but the models and their tokenisers, so that any thread may make it.
bool is_work(endpoint to);

/// Whether its answer may take long, so that it matters that the client is still there.
bool takes_time(endpoint to);

/// Throws api_error (unsupported_media_type) unless the body, if there is one, is JSON, or JSON with binary
/// tensors behind it where they are understood, as it is or compressed with gzip or deflate. A missing
/// Content-Type is taken to be right, since some clients send none.
void check_media_type(const request_head& head, endpoint to);

}  // namespace embed_server
