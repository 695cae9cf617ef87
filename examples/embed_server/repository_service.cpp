// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "repository_service.hpp"

#include "api_error.hpp"
#include "json_fields.hpp"
#include "strict_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <exception>
#include <utility>

namespace embed_server {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

// Clients send nothing where there is nothing to say.
json::object read_object(std::string_view body) { return body.empty() ? json::object{} : parse_strict(body); }

json::array index_of(const model_repository& models, bool only_ready) {
  json::array all;
  for (const auto& [name, state, reason] : models.index())
    if (!only_ready || std::string_view(state) == "READY")
      all.push_back({{"name", name}, {"version", "1"}, {"state", state}, {"reason", reason}});
  return all;
}

asio::awaitable<void> load(model_repository& models, std::string name, std::string body) {
  const auto folder = parse_load(body);
  model_source source{std::move(name), folder.value_or("")};
  if (folder)
    co_await models.load(std::move(source));
  else
    co_await models.load_again(std::move(source.name));
}

}  // namespace

std::optional<std::string> parse_load(std::string_view body) {
  const json::object object = read_object(body);
  const auto* parameters = find_field(object, "parameters");
  if (parameters == nullptr) return std::nullopt;
  if (!parameters->is_object()) refuse_field("parameters", "parameters must be an object");
  const auto* config = find_field(parameters->get_object(), "config");
  if (config == nullptr) return std::nullopt;
  if (!config->is_string()) refuse_field("config", "config must be a string that holds JSON");
  const json::object settings = parse_strict(config->get_string());
  const auto* folder = find_field(settings, "folder");
  if (folder == nullptr || !folder->is_string() || folder->get_string().empty())
    refuse_field("config", "config must name the model's folder: {\"folder\": \"/models/NAME\"}");
  return std::string(folder->get_string());
}

bool parse_index(std::string_view body) { return read_bool(read_object(body), "ready", false); }

asio::awaitable<response> answer_repository(model_repository& models, destination where, std::string body) {
  if (where.to == endpoint::repository_index)
    co_return make_response(http::status::ok, json::serialize(index_of(models, parse_index(body))));
  if (where.to == endpoint::model_unload) {
    models.unload(where.model);
    co_return make_response(http::status::ok, "");
  }
  try {
    co_await load(models, std::move(where.model), std::move(body));
  } catch (const api_error&) {
    throw;
  } catch (const std::exception& error) {
    throw api_error{problem::invalid, std::string("the model was not loaded: ") + error.what()};
  }
  co_return make_response(http::status::ok, "");
}

}  // namespace embed_server
