// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "infer_request.hpp"

#include "api_error.hpp"
#include "json_fields.hpp"
#include "strict_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <limits>
#include <utility>

namespace embed_server {
namespace {

namespace json = boost::json;

[[noreturn]] void refuse_infer(const std::string& message) { throw api_error{problem::invalid, message}; }

std::string_view read_string(const json::object& from, const std::string& field) {
  const auto* value = find_field(from, field);
  if (value == nullptr || !value->is_string()) refuse_infer(field + " must be a string");
  return value->as_string();
}

std::int64_t read_number(const json::object& from, const std::string& field, std::int64_t most) {
  const auto* value = find_field(from, field);
  if (value == nullptr) return 0;
  const auto* number = value->if_int64();
  if (number == nullptr || *number < 0 || *number > most)
    refuse_infer(field + " must be a whole number from 0 to " + std::to_string(most));
  return *number;
}

const json::array& read_list(const json::object& from, const std::string& field) {
  const auto* value = find_field(from, field);
  if (value == nullptr || !value->is_array()) refuse_infer(field + " must be a list");
  return value->as_array();
}

const json::object& as_object(const json::value& value, const std::string& what) {
  if (!value.is_object()) refuse_infer(what + " must be a JSON object");
  return value.as_object();
}

const json::object& parameters_of(const json::object& from) {
  static const json::object none;
  const auto* value = find_field(from, "parameters");
  return value == nullptr ? none : as_object(*value, "parameters");
}

// Whoever names one would find there what was there before, or look for an answer that is not there.
void check_no_shared_memory(const json::object& parameters) {
  if (find_field(parameters, "shared_memory_region") != nullptr)
    refuse_infer("shared_memory_region is not on offer: tensors come with the request and the answer");
}

// The number of texts that a shape of [n] or [n, 1] announces.
std::size_t read_shape(const json::object& input, std::size_t max_inputs) {
  const json::array& shape = read_list(input, "shape");
  const auto* rows = shape.empty() ? nullptr : shape[0].if_int64();
  const bool one_column = shape.size() == 1 || (shape.size() == 2 && shape[1] == 1);
  if (rows == nullptr || *rows < 0 || !one_column)
    refuse_infer(std::string("the shape of ") + input_name + " must be [n, 1] for n texts");
  if (*rows == 0) throw api_error{problem::empty_input, std::string(input_name) + " must not be empty"};
  check_batch_size(input_name, static_cast<std::size_t>(*rows), max_inputs);
  return static_cast<std::size_t>(*rows);
}

void add_text(infer_request& request, std::string_view text) {
  if (text.empty())
    throw api_error{problem::empty_input, name_of_text(request, request.texts.size()) + " must not be empty"};
  request.texts.emplace_back(text);
}

// A list of strings, nested or flat, in row-major order.
void read_elements(infer_request& request, const json::value& data, std::size_t expected) {
  if (const auto* list = data.if_array()) {
    for (const json::value& element : *list) read_elements(request, element, expected);
    return;
  }
  if (!data.is_string()) refuse_infer(std::string("data of ") + input_name + " must hold strings");
  if (request.texts.size() == expected)
    refuse_infer(std::string("data of ") + input_name + " holds more texts than its shape says");
  add_text(request, data.as_string());
}

// Each text is its size, 4 bytes, the lowest first, and its bytes.
void read_binary(infer_request& request, std::string_view bytes, std::size_t expected) {
  constexpr std::size_t prefix = 4;
  while (request.texts.size() < expected) {
    const std::string name = name_of_text(request, request.texts.size());
    if (bytes.size() < prefix) refuse_infer("the binary data ends before the size of " + name);
    std::uint32_t size = 0;
    for (std::size_t i = 0; i < prefix; ++i)
      size |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    bytes.remove_prefix(prefix);
    if (size > bytes.size()) refuse_infer("the binary data ends within " + name);
    add_text(request, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  if (!bytes.empty())
    refuse_infer(std::string("the binary data of ") + input_name + " holds more than its shape says");
}

void read_input(infer_request& request, const json::object& body, std::string_view behind,
                std::size_t max_inputs) {
  const json::array& inputs = read_list(body, "inputs");
  if (inputs.size() != 1) refuse_infer(std::string("inputs must hold one tensor, ") + input_name);
  const json::object& input = as_object(inputs[0], "an input");
  if (read_string(input, "name") != input_name)
    refuse_infer(std::string("there is no such input; the only one is ") + input_name);
  if (read_string(input, "datatype") != "BYTES")
    refuse_infer(std::string("the datatype of ") + input_name + " must be BYTES");
  const std::size_t count = read_shape(input, max_inputs);
  const json::object& parameters = parameters_of(input);
  check_no_shared_memory(parameters);
  const bool binary = find_field(parameters, "binary_data_size") != nullptr;
  const auto* data = find_field(input, "data");
  if (binary == (data != nullptr))
    refuse_infer(std::string(input_name) + " needs either data or the parameter binary_data_size");
  if (binary) {
    const auto size = read_number(parameters, "binary_data_size", std::numeric_limits<std::int64_t>::max());
    if (static_cast<std::uint64_t>(size) != behind.size())
      refuse_infer("binary_data_size is " + std::to_string(size) + ", but " + std::to_string(behind.size()) +
                   " bytes follow the JSON");
    read_binary(request, behind, count);
    return;
  }
  if (!behind.empty()) refuse_infer("there are bytes behind the JSON that no input claims");
  if (!data->is_array()) refuse_infer(std::string("data of ") + input_name + " must be a list");
  read_elements(request, *data, count);
  if (request.texts.size() < count)
    refuse_infer(std::string("data of ") + input_name + " holds fewer texts than its shape says");
}

// Without a word about outputs, all of them are meant, and there is only one.
void read_output(infer_request& request, const json::object& body) {
  request.binary_output = read_bool(parameters_of(body), "binary_data_output", false);
  if (find_field(body, "outputs") == nullptr) return;
  const json::array& outputs = read_list(body, "outputs");
  if (outputs.size() > 1) refuse_infer("outputs names one more than once, or some that do not exist");
  for (const json::value& element : outputs) {
    const json::object& output = as_object(element, "an output");
    if (read_string(output, "name") != request.output)
      refuse_infer("there is no such output; the only one is " + request.output);
    const json::object& parameters = parameters_of(output);
    check_no_shared_memory(parameters);
    if (find_field(parameters, "classification") != nullptr) refuse_infer("classification is not on offer");
    request.binary_output = read_bool(parameters, "binary_data", request.binary_output);
  }
}

void read_parameters(infer_request& request, const json::object& parameters) {
  constexpr std::int64_t one_day = 86'400'000'000;
  if (const auto timeout = read_number(parameters, "timeout", one_day); timeout > 0)
    request.time_limit = std::chrono::microseconds{timeout};
  if (const auto level = read_number(parameters, "priority", priority_levels); level > 0)
    request.priority = static_cast<std::int8_t>(default_priority - level);
  for (const auto* field : {"sequence_id", "sequence_start", "sequence_end"})
    if (find_field(parameters, field) != nullptr)
      refuse_infer(std::string(field) +
                   " is not understood: the model keeps nothing from one request to the next");
}

}  // namespace

std::string output_of(const served_model& model) { return model.labels.empty() ? "EMBEDDING" : "SCORES"; }

infer_request parse_infer(std::string_view body, std::optional<std::size_t> json_size, std::size_t max_inputs,
                          std::string output) {
  infer_request request;
  request.output = std::move(output);
  request.field = input_name;
  if (json_size == 0) {
    add_text(request, body);
    request.binary_output = true;
    return request;
  }
  const std::size_t size = json_size.value_or(body.size());
  if (size > body.size())
    refuse_infer("Inference-Header-Content-Length is " + std::to_string(size) + ", but the body has " +
                 std::to_string(body.size()) + " bytes");
  request.is_list = true;
  const json::object object = parse_strict(body.substr(0, size));
  if (find_field(object, "id") != nullptr) request.id = read_string(object, "id");
  read_parameters(request, parameters_of(object));
  read_output(request, object);
  read_input(request, object, body.substr(size), max_inputs);
  return request;
}

}  // namespace embed_server
