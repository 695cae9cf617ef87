// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_request.hpp"

#include "json_fields.hpp"
#include "strict_json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace embed_server {
namespace {

namespace json = boost::json;

void read_dimensions(embed_request& request, const json::object& body) {
  const auto* value = find_field(body, "dimensions");
  if (value == nullptr) return;
  const auto* number = value->if_int64();
  if (number == nullptr || *number < 1)
    refuse_field("dimensions", "dimensions must be a whole number of at least 1");
  request.dimensions = static_cast<std::size_t>(*number);
}

// What TEI's clients may say of all texts of a request.
void read_tei_parameters(submitted_texts& request, const json::object& from) {
  request.truncate = read_bool(from, "truncate", true);
  check_truncation_direction(from);
  read_prompt_name(request, from);
}

answer_form read_encoding(const json::object& body) {
  const auto* format = find_field(body, "encoding_format");
  if (format == nullptr || *format == "float") return answer_form::openai_floats;
  if (*format == "base64") return answer_form::openai_base64;
  refuse_field("encoding_format", "encoding_format must be \"float\" or \"base64\"");
}

}  // namespace

embed_request parse_embed(std::string_view body, std::size_t max_inputs) {
  const json::object object = parse_strict(body);
  const auto* text = find_field(object, "text");
  if (text != nullptr && find_field(object, "inputs") != nullptr)
    refuse_field("text", "give either text or inputs, not both");
  if (text != nullptr && !text->is_string())
    refuse_field("text", "text must be a string; lists go into inputs");
  embed_request request;
  request.form = text != nullptr ? answer_form::object : answer_form::lists;
  request.field = text != nullptr ? "text" : "inputs";
  read_texts(request, object, max_inputs);
  read_tei_parameters(request, object);
  read_dimensions(request, object);
  request.normalize = read_bool(object, "normalize", true);
  return request;
}

submitted_texts parse_embed_all(std::string_view body, std::size_t max_inputs) {
  const json::object object = parse_strict(body);
  submitted_texts request;
  request.field = "inputs";
  read_texts(request, object, max_inputs);
  read_tei_parameters(request, object);
  return request;
}

submitted_texts parse_similarity(std::string_view body, std::size_t max_inputs) {
  const json::object object = parse_strict(body);
  const auto* inputs = find_field(object, "inputs");
  if (inputs == nullptr || !inputs->is_object())
    refuse_field("inputs", "inputs must be an object with source_sentence and sentences");
  const auto* source = find_field(inputs->get_object(), "source_sentence");
  const auto* sentences = find_field(inputs->get_object(), "sentences");
  if (source == nullptr) refuse_field("source_sentence", "source_sentence is required");
  if (sentences == nullptr || !sentences->is_array())
    refuse_field("sentences", "sentences must be a list of texts");
  submitted_texts request;
  request.field = "sentences";
  read_text_list(request, sentences->get_array(), max_inputs - 1);
  request.last = "source_sentence";
  request.texts.push_back(read_text(*source, request.last, request.last));
  if (const auto* parameters = find_field(object, "parameters")) {
    if (!parameters->is_object()) refuse_field("parameters", "parameters must be an object");
    read_tei_parameters(request, parameters->get_object());
  }
  return request;
}

embed_request parse_openai(std::string_view body, std::size_t max_inputs) {
  const json::object object = parse_strict(body);
  embed_request request;
  request.form = read_encoding(object);
  request.field = "input";
  read_texts(request, object, max_inputs);
  read_dimensions(request, object);
  const auto* model = find_field(object, "model");
  if (model != nullptr && !model->is_string()) refuse_field("model", "model must be a string");
  if (model != nullptr) request.model = std::string_view(model->as_string());
  return request;
}

}  // namespace embed_server
