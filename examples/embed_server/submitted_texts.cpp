// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "submitted_texts.hpp"

#include "api_error.hpp"
#include "json_fields.hpp"

namespace embed_server {

namespace json = boost::json;

std::string read_any_text(const json::value& value, const std::string& field, const std::string& name) {
  if (value.is_number() || value.is_array()) {
    refuse_field(
        field,
        name +
            " must be a string; token ids are not accepted, since they are those of another vocabulary "
            "(with langchain: check_embedding_ctx_length=False)");
  }
  if (!value.is_string()) refuse_field(field, name + " must be a string");
  return std::string(value.as_string());
}

std::string read_text(const json::value& value, const std::string& field, const std::string& name) {
  std::string text = read_any_text(value, field, name);
  if (text.empty()) throw api_error{problem::empty_input, name + " must not be empty", field};
  return text;
}

void read_text_list(submitted_texts& request, const json::array& list, std::size_t max_inputs) {
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
  if (const auto* list = value->if_array()) return read_text_list(request, *list, max_inputs);
  request.texts.push_back(read_text(*value, field, field));
}

void read_prompt_name(submitted_texts& request, const json::object& from) {
  const auto* name = find_field(from, "prompt_name");
  if (name == nullptr) return;
  if (!name->is_string()) refuse_field("prompt_name", "prompt_name must be a string");
  request.prompt_name = std::string_view(name->as_string());
}

std::string name_of_text(const submitted_texts& request, std::size_t index) {
  if (!request.last.empty() && index + 1 == request.texts.size()) return request.last;
  return request.is_list ? request.field + '[' + std::to_string(index) + ']' : request.field;
}

}  // namespace embed_server
