// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "tokenizer_service.hpp"

#include "api_error.hpp"
#include "prompts.hpp"
#include "tokenizer_answer.hpp"
#include "tokenizer_request.hpp"
#include "turns.hpp"
#include <carpool/bert/error.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <utility>

namespace embed_server {
namespace {

namespace asio = boost::asio;

void check_tokenizer(const served_model& model) {
  if (!model.locate_tokens || !model.decode)
    throw api_error{problem::not_implemented, "this server does not have the tokeniser of " + model.name};
}

// The tokens of one text, of which there may be so many.
carpool::bert::located_tokens locate(const served_model& model, const tokenize_request& request,
                                     std::size_t index, std::size_t limit) {
  try {
    return model.locate_tokens(request.texts[index], limit);
  } catch (const boost::system::system_error& error) {
    const std::string name = name_of_text(request, index) + ": ";
    if (error.code() == carpool::bert::error::text_too_long)
      throw api_error{problem::invalid, name + "too many tokens in one request, send less text",
                      request.field};
    const api_error cause = from_error_code(error.code());
    throw api_error{cause.kind(), name + cause.what(), request.field};
  }
}

// Its what() without the code's category and number at the end, which are for programmers.
std::string sentence_of(const boost::system::system_error& error) {
  const std::string what = error.what();
  return what.substr(0, what.find(" [" + error.code().to_string()));
}

std::string decode(const served_model& model, const decode_request& request, std::size_t index) {
  try {
    return model.decode(request.ids[index], request.skip_special_tokens);
  } catch (const boost::system::system_error& error) {
    const std::string name = request.is_list ? "ids[" + std::to_string(index) + "]" : "ids";
    throw api_error{problem::invalid, name + ": " + sentence_of(error), "ids"};
  }
}

}  // namespace

asio::awaitable<response> answer_tokenize(circumstances& when, const limits& limits, std::string body) {
  const served_model& model = when.about();
  check_tokenizer(model);
  tokenize_request request = parse_tokenize(body, limits.inputs);
  add_prompt(request, when);
  turns turn{limits.work_per_turn};
  std::size_t room = limits.tokens;
  std::string out = "[";
  for (std::size_t i = 0; i < request.texts.size(); ++i) {
    const auto found = locate(model, request, i, room);
    room -= found.tokens.size();
    if (i > 0) out += ',';
    const std::size_t before = out.size();
    append_tokens(out, request.texts[i], found, model, request.add_special_tokens);
    when.take_memory(out.size() - before);
    co_await turn.spend(request.texts[i].size() + out.size() - before);
  }
  co_return make_response(http::status::ok, std::move(out) + ']');
}

asio::awaitable<response> answer_decode(circumstances& when, const limits& limits, std::string body) {
  const served_model& model = when.about();
  check_tokenizer(model);
  const decode_request request = parse_decode(body, limits.inputs, limits.tokens);
  turns turn{limits.work_per_turn};
  boost::json::array texts;
  for (std::size_t i = 0; i < request.ids.size(); ++i) {
    const std::string text = decode(model, request, i);
    texts.emplace_back(text);
    when.take_memory(text.size());
    co_await turn.spend(text.size());
  }
  co_return make_response(http::status::ok, boost::json::serialize(texts));
}

}  // namespace embed_server
