// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "model_card.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>

#include <exception>
#include <stdexcept>

namespace cluster {

namespace json = boost::json;

model_card card_of(const embed_server::served_model& model) {
  return {.name = model.name,
          .dimension = model.dimension,
          .max_tokens = model.max_tokens,
          .precision = model.precision,
          .pooling = model.pooling,
          .unit_length = model.unit_length,
          .prompts = model.prompts,
          .gives_token_vectors = model.gives_token_vectors,
          .max_batch_size = model.max_batch_size};
}

std::string to_json(const model_card& card) {
  return json::serialize(json::value{{"name", card.name},
                                     {"dimension", card.dimension},
                                     {"max_tokens", card.max_tokens},
                                     {"precision", card.precision},
                                     {"pooling", card.pooling},
                                     {"unit_length", card.unit_length},
                                     {"prompts", json::value_from(card.prompts)},
                                     {"gives_token_vectors", card.gives_token_vectors},
                                     {"max_batch_size", card.max_batch_size}});
}

model_card parse_model_card(std::string_view text) {
  try {
    const json::value card = json::parse(text);
    const auto number = [&](const char* name) { return json::value_to<std::size_t>(card.at(name)); };
    const auto word = [&](const char* name) { return json::value_to<std::string>(card.at(name)); };
    model_card read{.name = word("name"),
                    .dimension = number("dimension"),
                    .max_tokens = number("max_tokens"),
                    .precision = word("precision"),
                    .pooling = word("pooling"),
                    .unit_length = card.at("unit_length").as_bool(),
                    .prompts = json::value_to<std::map<std::string, std::string>>(card.at("prompts")),
                    .gives_token_vectors = card.at("gives_token_vectors").as_bool(),
                    .max_batch_size = number("max_batch_size")};
    if (read.dimension == 0) throw std::runtime_error("its dimension is 0");
    return read;
  } catch (const std::exception& error) {
    throw std::runtime_error(std::string("the description of the workers' model cannot be read: ") +
                             error.what());
  }
}

}  // namespace cluster
