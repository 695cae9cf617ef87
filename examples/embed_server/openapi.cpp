// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "openapi.hpp"

#include "api_error.hpp"
#include "api_schemas.hpp"
#include "operations.hpp"
#include "problem_meaning.hpp"
#include "routes.hpp"
#include "suitability.hpp"
#include <carpool/version.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cctype>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace embed_server {
namespace {

namespace json = boost::json;

json::object reference(std::string_view kind, std::string_view name) {
  return {{"$ref", "#/components/" + std::string(kind) + '/' + std::string(name)}};
}

json::object content_of(std::string_view type, const json::object& schema) {
  return {{type, {{"schema", schema}}}};
}

std::string_view error_schema(api_family family) {
  switch (family) {
    case api_family::openai:
      return "OpenAIError";
    case api_family::tei:
      return "TeiError";
    case api_family::open_inference:
      break;
  }
  return "OpenInferenceError";
}

// Whether a request that this route has found can still meet the problem.
bool can_happen(problem what, const route& asked) {
  switch (what) {
    case problem::unknown_model:
      return asked.path.find("{model}") != asked.path.npos || asked.to == endpoint::openai_embeddings ||
             asked.to == endpoint::trace;
    case problem::not_found:  // the path exists
    case problem::method_not_allowed:
    case problem::not_implemented:
      return false;
    case problem::length_required:
      return asked.method == http::verb::post;
    case problem::overloaded:
    case problem::rate_limited:
    case problem::expired:
      return runs_model(asked.to);
    case problem::model_failed:
      return runs_model(asked.to);
    case problem::unsuitable_model:
      return asked.to == endpoint::another_model || !can_do(model_kind::embedder, asked.to) ||
             !can_do(model_kind::classifier, asked.to);
    case problem::unauthorized:
      return !is_open(asked.to);
    case problem::forbidden:
      return is_for_admins(asked.to);
    case problem::conflict:
      return asked.to == endpoint::trace;
    default:
      return true;
  }
}

json::object error_answer(const std::string& meaning, api_family family) {
  return {{"description", meaning},
          {"content", content_of("application/json", reference("schemas", error_schema(family)))}};
}

// What each status means in answer to this route, in the order of the statuses.
std::map<unsigned, std::string> errors(const route& asked) {
  std::map<unsigned, std::string> result;
  for (int i = 0; i <= static_cast<int>(problem::expired); ++i) {
    const auto what = static_cast<problem>(i);
    if (!can_happen(what, asked)) continue;
    std::string& meaning = result[status_of(what, family_of(asked.path))];
    meaning += (meaning.empty() ? "" : ". ") + std::string(meaning_of(what));
  }
  return result;
}

json::object good_answer(const operation& described) {
  json::object answer{{"description", described.summary}};
  if (described.content_type == nullptr) return answer;
  const json::object schema =
      described.answer != nullptr ? reference("schemas", described.answer) : json::object{{"type", "string"}};
  json::object content = content_of(described.content_type, schema);
  if (described.to == endpoint::infer) content.emplace("application/octet-stream", json::object{});
  answer.emplace("content", content);
  return answer;
}

// Those that tell of being unable to take requests by their status.
bool tells_readiness(endpoint to) {
  return to == endpoint::health || to == endpoint::ping || to == endpoint::server_ready ||
         to == endpoint::model_ready;
}

json::object answers(const route& asked, const operation& described) {
  json::object result;
  if (asked.to != endpoint::another_model) result.emplace("200", good_answer(described));
  for (const auto& [status, meaning] : errors(asked))
    result.emplace(std::to_string(status), error_answer(meaning, family_of(asked.path)));
  if (tells_readiness(asked.to)) result["503"] = good_answer(described);
  return result;
}

json::object request_body(const operation& described) {
  json::object content = content_of("application/json", reference("schemas", described.request));
  if (described.to == endpoint::infer) content.emplace("application/octet-stream", json::object{});
  return {{"required", true}, {"content", content}};
}

json::array parameters(const route& asked) {
  json::array result;
  for (const char* name : {"model", "version"})
    if (asked.path.find('{' + std::string(name) + '}') != asked.path.npos)
      result.emplace_back(reference("parameters", name));
  result.emplace_back(reference("parameters", "timeout"));
  result.emplace_back(reference("parameters", "request_id"));
  if (runs_model(asked.to)) result.emplace_back(reference("parameters", "variant"));
  if (asked.to == endpoint::infer) result.emplace_back(reference("parameters", "json_size"));
  if (asked.to == endpoint::trace)
    for (const char* name : {"seconds", "traced_model"}) result.emplace_back(reference("parameters", name));
  return result;
}

// Such as post_v1_embeddings.
std::string operation_id(const route& asked) {
  std::string id = asked.method == http::verb::post ? "post" : "get";
  for (const char c : asked.path) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      id += c;
    } else if (id.back() != '_') {
      id += '_';
    }
  }
  while (id.back() == '_') id.pop_back();
  return id;
}

json::object describe(const route& asked) {
  const operation& described = operation_of(asked.to);
  json::object result{{"operationId", operation_id(asked)},
                      {"tags", json::array{described.group}},
                      {"summary", described.summary},
                      {"parameters", parameters(asked)}};
  if (described.request != nullptr) result.emplace("requestBody", request_body(described));
  result.emplace("responses", answers(asked, described));
  if (is_open(asked.to)) result.emplace("security", json::array{});
  return result;
}

json::object paths() {
  json::object result;
  for (const route& each : all_routes()) {
    json::value& path = result.emplace(each.path, json::object{}).first->value();
    path.get_object().emplace(each.method == http::verb::post ? "post" : "get", describe(each));
  }
  return result;
}

json::object parameter(const char* name, const char* in, const char* description, json::object schema) {
  return {{"name", name},
          {"in", in},
          {"required", in == std::string_view("path")},
          {"description", description},
          {"schema", schema}};
}

json::object known_parameters() {
  return {
      {"model", parameter("model", "path", "The name of the model, see /v1/models.",
                          {{"type", "string"}, {"minLength", 1}})},
      {"version", parameter("version", "path", "The model's version, 1.", {{"const", "1"}})},
      {"timeout", parameter("x-request-timeout-ms", "header",
                            "Milliseconds after which nobody wants the answer any more.",
                            {{"type", "integer"}, {"minimum", 0}, {"maximum", 86'400'000}})},
      {"seconds", parameter("seconds", "query", "How long to trace; 5 if it is not said.",
                            {{"type", "integer"}, {"minimum", 1}, {"maximum", 60}})},
      {"traced_model", parameter("model", "query", "Which model to trace; the default if it is not said.",
                                 {{"type", "string"}})},
      {"request_id", parameter("x-request-id", "header", "Comes back with the answer.",
                               {{"type", "string"}, {"pattern", "^[A-Za-z0-9._:-]{1,128}$"}})},
      {"variant", parameter("x-carpool-variant", "header",
                            "Which of the two ways to run the model, where the server has them (--ab).",
                            {{"enum", json::array{"batched", "unbatched"}}})},
      {"json_size",
       parameter("Inference-Header-Content-Length", "header",
                 "Bytes of the body that are JSON, where binary tensors follow; 0: all of it is one text.",
                 {{"type", "integer"}, {"minimum", 0}})}};
}

json::object security_schemes() {
  return {
      {"bearer",
       {{"type", "http"}, {"scheme", "bearer"}, {"description", "A key, where the server asks for one."}}},
      {"api_key",
       {{"type", "apiKey"},
        {"in", "header"},
        {"name", "x-api-key"},
        {"description", "The same in another header."}}}};
}

// The groups in the order in which the routes bring them up.
json::array tags() {
  json::array result;
  std::set<std::string_view> seen;
  for (const route& each : all_routes()) {
    const char* group = operation_of(each.to).group;
    if (seen.insert(group).second) result.emplace_back(json::object{{"name", group}});
  }
  return result;
}

}  // namespace

json::object openapi_document() {
  return {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "embed_server"},
        {"version", CARPOOL_VERSION_STRING},
        {"description",
         "Text embeddings, reranking and classification with dynamic batching. Bodies may be compressed with "
         "gzip or deflate "
         "(Content-Encoding). Errors come in the form that the path's clients expect."},
        {"license", {{"name", "Boost Software License 1.0"}, {"identifier", "BSL-1.0"}}}}},
      {"servers", json::array{{{"url", "/"}}}},
      {"security", json::array{{{"bearer", json::array{}}}, {{"api_key", json::array{}}}, json::object{}}},
      {"tags", tags()},
      {"paths", paths()},
      {"components",
       {{"securitySchemes", security_schemes()},
        {"parameters", known_parameters()},
        {"schemas", json::parse(api_schemas)}}}};
}

}  // namespace embed_server
