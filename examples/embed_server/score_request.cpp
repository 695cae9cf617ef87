// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "score_request.hpp"

#include "api_error.hpp"
#include "json_fields.hpp"
#include "strict_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace embed_server {
namespace {

namespace json = boost::json;

constexpr const char* forms =
    "a text, a pair of texts [\"...\", \"...\"], or a list of such lists [[\"...\"], [\"...\", \"...\"]]";

// Like text-embeddings-inference: one text of a pair may be empty.
void check_pair(const std::string& first, const std::string& second, const std::string& field,
                const std::string& name) {
  if (first.empty() && second.empty())
    throw api_error{problem::empty_input, name + " must not both be empty", field};
}

// A list of one text, or of the two of a pair.
void read_sequence(predict_request& request, const json::array& list, const std::string& name) {
  const std::string& field = request.field;
  if (list.empty()) throw api_error{problem::empty_input, name + " must not be empty", field};
  if (list.size() > 2)
    refuse_field(field, name + " has " + std::to_string(list.size()) + " texts; inputs must be " + forms);
  const std::string first = name + "[0]", second = name + "[1]";
  if (list.size() == 1) {
    request.queries.emplace_back();
    request.texts.push_back(read_text(list[0], field, first));
  } else {
    request.queries.emplace_back(read_any_text(list[0], field, first));
    request.texts.push_back(read_any_text(list[1], field, second));
    check_pair(*request.queries.back(), request.texts.back(), field, first + " and " + second);
  }
}

void read_passages(rerank_request& request, const json::array& list, std::size_t max_inputs) {
  const std::string& field = request.field;
  if (list.empty()) throw api_error{problem::empty_input, field + " must not be empty", field};
  check_batch_size(field, list.size(), max_inputs);
  request.is_list = true;
  for (const json::value& each : list) {
    const std::string name = name_of_text(request, request.texts.size());
    request.texts.push_back(read_any_text(each, field, name));
    check_pair(request.query, request.texts.back(), field, "query and " + name);
  }
}

void read_sequences(predict_request& request, const json::array& list, std::size_t max_inputs) {
  check_batch_size(request.field, list.size(), max_inputs);
  request.is_list = true;
  for (const json::value& each : list) {
    const std::string name = name_of_text(request, request.texts.size());
    if (!each.is_array()) refuse_field(request.field, name + " must be a list, as inputs[0] is");
    read_sequence(request, each.get_array(), name);
  }
}

void read_inputs(predict_request& request, const json::object& body, std::size_t max_inputs) {
  const auto* inputs = find_field(body, request.field);
  if (inputs == nullptr) refuse_field(request.field, std::string("inputs is required: ") + forms);
  const auto* list = inputs->if_array();
  if (list == nullptr) {
    request.queries.emplace_back();
    request.texts.push_back(read_text(*inputs, request.field, request.field));
  } else if (!list->empty() && (*list)[0].is_array()) {
    read_sequences(request, *list, max_inputs);
  } else {
    read_sequence(request, *list, request.field);
  }
}

}  // namespace

rerank_request parse_rerank(std::string_view body, std::size_t max_inputs) {
  const json::object object = parse_strict(body);
  rerank_request request;
  request.field = "texts";
  const auto* query = find_field(object, "query");
  if (query == nullptr) refuse_field("query", "query is required");
  request.query = read_any_text(*query, "query", "query");
  const auto* texts = find_field(object, "texts");
  if (texts == nullptr || !texts->is_array()) refuse_field("texts", "texts must be a list of texts");
  read_passages(request, texts->get_array(), max_inputs);
  request.paired_with = "query";
  request.raw_scores = read_bool(object, "raw_scores", false);
  request.return_text = read_bool(object, "return_text", false);
  request.truncate = read_bool(object, "truncate", true);
  check_truncation_direction(object);
  return request;
}

predict_request parse_predict(std::string_view body, std::size_t max_inputs) {
  const json::object object = parse_strict(body);
  predict_request request;
  request.field = "inputs";
  read_inputs(request, object, max_inputs);
  request.raw_scores = read_bool(object, "raw_scores", false);
  request.truncate = read_bool(object, "truncate", true);
  check_truncation_direction(object);
  return request;
}

}  // namespace embed_server
