// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "tokenizer_request.hpp"

#include "api_error.hpp"
#include "json_fields.hpp"
#include "strict_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <limits>
#include <string>

namespace embed_server {
namespace {

namespace json = boost::json;

constexpr const char* ids_field = "ids";

std::int32_t read_id(const json::value& value, const std::string& name) {
  constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
  const auto* number = value.if_int64();
  if (number == nullptr || *number < 0 || *number > most)
    refuse_field(ids_field, name + " must hold whole numbers from 0 to " + std::to_string(most));
  return static_cast<std::int32_t>(*number);
}

std::vector<std::int32_t> read_ids(const json::array& list, const std::string& name) {
  if (list.empty()) throw api_error{problem::empty_input, name + " must not be empty", ids_field};
  std::vector<std::int32_t> ids;
  ids.reserve(list.size());
  for (const json::value& value : list) ids.push_back(read_id(value, name));
  return ids;
}

void read_lists(decode_request& request, const json::array& lists, std::size_t max_lists) {
  check_batch_size(ids_field, lists.size(), max_lists);
  request.is_list = true;
  for (const json::value& list : lists) {
    const std::string name = ids_field + ('[' + std::to_string(request.ids.size()) + ']');
    if (!list.is_array()) refuse_field(ids_field, name + " must be a list of ids, as ids[0] is");
    request.ids.push_back(read_ids(list.get_array(), name));
  }
}

void check_count(const decode_request& request, std::size_t max_tokens) {
  std::size_t count = 0;
  for (const auto& ids : request.ids) count += ids.size();
  if (count > max_tokens)
    refuse_field(ids_field,
                 std::to_string(count) + " ids, " + std::to_string(max_tokens) + " at most in one request");
}

}  // namespace

tokenize_request parse_tokenize(std::string_view body, std::size_t max_inputs) {
  const json::object object = parse_strict(body);
  tokenize_request request;
  request.field = "inputs";
  read_texts(request, object, max_inputs);
  request.add_special_tokens = read_bool(object, "add_special_tokens", true);
  read_prompt_name(request, object);
  return request;
}

decode_request parse_decode(std::string_view body, std::size_t max_lists, std::size_t max_tokens) {
  const json::object object = parse_strict(body);
  const auto* value = find_field(object, ids_field);
  if (value == nullptr || !value->is_array())
    refuse_field(ids_field, "ids is required: a list of token ids, or a list of such lists");
  const json::array& list = value->get_array();
  decode_request request;
  if (!list.empty() && list[0].is_array()) {
    read_lists(request, list, max_lists);
  } else {
    request.ids.push_back(read_ids(list, ids_field));
  }
  check_count(request, max_tokens);
  request.skip_special_tokens = read_bool(object, "skip_special_tokens", true);
  return request;
}

}  // namespace embed_server
