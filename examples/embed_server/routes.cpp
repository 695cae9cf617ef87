// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "routes.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace embed_server {
namespace {

// huggingface_hub posts to the bare URL that it is given, so "/" embeds as well.
constexpr route routes[] = {
    {"/embed", http::verb::post, endpoint::embed},
    {"/", http::verb::post, endpoint::embed},
    {"/", http::verb::get, endpoint::ping},
    {"/ping", http::verb::get, endpoint::ping},
    {"/embed_all", http::verb::post, endpoint::embed_all},
    {"/similarity", http::verb::post, endpoint::similarity},
    {"/tokenize", http::verb::post, endpoint::tokenize},
    {"/decode", http::verb::post, endpoint::decode},
    {"/embed_sparse", http::verb::post, endpoint::another_model},
    {"/rerank", http::verb::post, endpoint::rerank},
    {"/predict", http::verb::post, endpoint::predict},
    {"/info", http::verb::get, endpoint::info},
    {"/v1/embeddings", http::verb::post, endpoint::openai_embeddings},
    {"/embeddings", http::verb::post, endpoint::openai_embeddings},
    {"/v1/models", http::verb::get, endpoint::models},
    {"/v1/models/{model}", http::verb::get, endpoint::one_model},
    {"/health", http::verb::get, endpoint::health},
    {"/metrics", http::verb::get, endpoint::metrics},
    {"/dashboard", http::verb::get, endpoint::dashboard},
    {"/dashboard/events", http::verb::get, endpoint::dashboard_events},
    {"/openapi.json", http::verb::get, endpoint::openapi},
    {"/docs", http::verb::get, endpoint::docs},
    {"/debug/trace", http::verb::get, endpoint::trace},
    {"/v2", http::verb::get, endpoint::server_metadata},
    {"/v2/health/live", http::verb::get, endpoint::server_live},
    {"/v2/health/ready", http::verb::get, endpoint::server_ready},
    {"/v2/models/stats", http::verb::get, endpoint::all_statistics},
    {"/v2/models/{model}", http::verb::get, endpoint::model_metadata},
    {"/v2/models/{model}/versions/{version}", http::verb::get, endpoint::model_metadata},
    {"/v2/models/{model}/ready", http::verb::get, endpoint::model_ready},
    {"/v2/models/{model}/versions/{version}/ready", http::verb::get, endpoint::model_ready},
    {"/v2/models/{model}/config", http::verb::get, endpoint::model_config},
    {"/v2/models/{model}/versions/{version}/config", http::verb::get, endpoint::model_config},
    {"/v2/models/{model}/stats", http::verb::get, endpoint::model_statistics},
    {"/v2/models/{model}/versions/{version}/stats", http::verb::get, endpoint::model_statistics},
    {"/v2/models/{model}/infer", http::verb::post, endpoint::infer},
    {"/v2/models/{model}/versions/{version}/infer", http::verb::post, endpoint::infer},
    {"/v2/repository/index", http::verb::post, endpoint::repository_index},
    {"/v2/repository/models/{model}/load", http::verb::post, endpoint::model_load},
    {"/v2/repository/models/{model}/unload", http::verb::post, endpoint::model_unload},
};

// The first segment, which is taken off; both begin with a slash.
std::string_view take_segment(std::string_view& path) {
  const auto segment = path.substr(0, path.find('/', 1));
  path.remove_prefix(segment.size());
  return segment;
}

// Only names are decoded; everything else in a path is taken literally.
std::optional<destination> match(const route& candidate, std::string_view path) {
  const std::string_view before_names = candidate.path.substr(0, candidate.path.find('{'));
  if (!path.starts_with(before_names)) return std::nullopt;  // as nearly always
  destination found{candidate.to};
  for (std::string_view pattern = candidate.path; !pattern.empty() || !path.empty();) {
    const auto expected = take_segment(pattern), given = take_segment(path);
    if (expected == "/{model}" && given.size() > 1)
      found.model = percent_decoded(given.substr(1));
    else if (expected == "/{version}" && given.size() > 1)
      found.version = percent_decoded(given.substr(1));
    else if (expected != given)
      return std::nullopt;
  }
  return found;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, text) != list.end();
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    unsigned byte = 0;
    std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
    result += static_cast<char>(byte);
    i += 2;
  }
  return result;
}

std::span<const route> all_routes() { return routes; }

destination find_route(http::verb method, std::string_view path) {
  if (method == http::verb::options && path == "*") return {endpoint::options};
  const http::verb asked = method == http::verb::head ? http::verb::get : method;
  bool exists = false;
  for (const route& candidate : routes) {
    auto where = match(candidate, path);
    if (where && asked == candidate.method) return *where;
    exists = exists || where;
  }
  if (!exists) throw api_error{problem::not_found, "there is nothing at this path"};
  if (method == http::verb::options) return {endpoint::options};
  throw api_error{problem::method_not_allowed, "this path takes " + allowed_methods(path)};
}

std::string allowed_methods(std::string_view path) {
  bool get = false, post = false;
  for (const route& candidate : routes) {
    if (!match(candidate, path)) continue;
    (candidate.method == http::verb::get ? get : post) = true;
  }
  const bool unknown = !get && !post;
  return std::string(get || unknown ? "GET, HEAD, " : "") + (post || unknown ? "POST, " : "") + "OPTIONS";
}

api_family family_of(std::string_view path) {
  if (path == "/v2" || path.starts_with("/v2/")) return api_family::open_inference;
  return path.starts_with("/v1/") || path.starts_with("/embeddings") ? api_family::openai : api_family::tei;
}

bool is_about_the_server(endpoint to) {
  switch (to) {
    case endpoint::health:
    case endpoint::ping:
    case endpoint::metrics:
    case endpoint::dashboard:
    case endpoint::dashboard_events:
      return true;
    default:
      return false;
  }
}

bool is_open(endpoint to) {
  if (is_about_the_server(to)) return true;
  switch (to) {
    case endpoint::server_live:
    case endpoint::server_ready:
    case endpoint::model_ready:
    case endpoint::openapi:
    case endpoint::docs:
    case endpoint::options:
      return true;
    default:
      return false;
  }
}

bool is_for_admins(endpoint to) {
  return to == endpoint::trace || to == endpoint::repository_index || to == endpoint::model_load ||
         to == endpoint::model_unload;
}

bool runs_model(endpoint to) {
  switch (to) {
    case endpoint::embed:
    case endpoint::embed_all:
    case endpoint::similarity:
    case endpoint::rerank:
    case endpoint::predict:
    case endpoint::openai_embeddings:
    case endpoint::infer:
      return true;
    default:
      return false;
  }
}

bool is_work(endpoint to) { return runs_model(to) || to == endpoint::tokenize || to == endpoint::decode; }

bool takes_time(endpoint to) { return runs_model(to) || to == endpoint::trace; }

void check_media_type(const request_head& head, endpoint to) {
  if (!head.has_body) return;
  const bool binary_understood = to == endpoint::infer && head.content_type == "application/octet-stream";
  if (!is_one_of(head.content_type, {"", "application/json"}) && !binary_understood) {
    throw api_error{problem::unsupported_media_type,
                    "Content-Type must be application/json (with curl: -H 'Content-Type: application/json')"};
  }
  if (!is_one_of(head.content_encoding, {"", "identity", "gzip", "deflate"}))
    throw api_error{problem::unsupported_media_type, "Content-Encoding must be gzip or deflate, or absent"};
}

}  // namespace embed_server
