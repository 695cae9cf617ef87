// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_request.hpp"

#include "api_error.hpp"
#include "json_fields.hpp"
#include "strict_json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace embed_server {
namespace {

namespace json = boost::json;

std::string read_text(const json::value& value, const std::string& field, const std::string& name) {
  if (value.is_number() || value.is_array()) {
    refuse_field(
        field,
        name +
            " must be a string; token ids are not accepted, since they are those of another vocabulary "
            "(with langchain: check_embedding_ctx_length=False)");
  }
  if (!value.is_string()) refuse_field(field, name + " must be a string");
  if (value.as_string().empty()) throw api_error{problem::empty_input, name + " must not be empty", field};
  return std::string(value.as_string());
}

void read_list(submitted_texts& request, const json::array& list, std::size_t max_inputs) {
  const std::string& field = request.field;
  if (list.empty()) throw api_error{problem::empty_input, field + " must not be empty", field};
  check_batch_size(field, list.size(), max_inputs);
  request.is_list = true;
  request.texts.reserve(list.size());
  for (const auto& element : list)
    request.texts.push_back(read_text(element, field, name_of_text(request, request.texts.size())));
}

void read_texts(submitted_texts& request, const json::object& body, std::size_t max_inputs) {
  const std::string& field = request.field;
  const auto* value = find_field(body, field);
  if (value == nullptr) refuse_field(field, field + " is required: a text or a list of texts");
  if (const auto* list = value->if_array()) return read_list(request, *list, max_inputs);
  request.texts.push_back(read_text(*value, field, field));
}

void read_dimensions(embed_request& request, const json::object& body) {
  const auto* value = find_field(body, "dimensions");
  if (value == nullptr) return;
  const auto* number = value->if_int64();
  if (number == nullptr || *number < 1)
    refuse_field("dimensions", "dimensions must be a whole number of at least 1");
  request.dimensions = static_cast<std::size_t>(*number);
}

// Fields of TEI whose meaning would be lost if they were ignored.
void refuse_what_tei_can_do(const json::object& body) {
  if (!read_bool(body, "normalize", true))
    refuse_field("normalize", "normalize must be true: other vectors are not on offer");
  if (find_field(body, "prompt_name") != nullptr)
    refuse_field("prompt_name", "prompt_name is not understood: there are no prompts");
  const auto* direction = find_field(body, "truncation_direction");
  if (direction != nullptr && *direction != "right" && *direction != "Right")
    refuse_field("truncation_direction", "truncation_direction must be \"right\"");
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
  request.truncate = read_bool(object, "truncate", true);
  read_dimensions(request, object);
  refuse_what_tei_can_do(object);
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
  read_list(request, sentences->get_array(), max_inputs - 1);
  request.last = "source_sentence";
  request.texts.push_back(read_text(*source, request.last, request.last));
  if (const auto* parameters = find_field(object, "parameters")) {
    if (!parameters->is_object()) refuse_field("parameters", "parameters must be an object");
    request.truncate = read_bool(parameters->get_object(), "truncate", true);
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
  return request;
}

std::string name_of_text(const submitted_texts& request, std::size_t index) {
  if (!request.last.empty() && index + 1 == request.texts.size()) return request.last;
  return request.is_list ? request.field + '[' + std::to_string(index) + ']' : request.field;
}

}  // namespace embed_server
