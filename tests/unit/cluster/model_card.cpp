// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/model_card.hpp"

#include "support/doctest.hpp"

#include <stdexcept>
#include <string>

using namespace cluster;

TEST_CASE("gateways read what workers say of their model") {
  const model_card card{.name = "toy \"1\"",
                        .dimension = 4,
                        .max_tokens = 100,
                        .precision = "float32",
                        .pooling = "mean",
                        .unit_length = false,
                        .prompts = {{"query", "q: "}},
                        .gives_token_vectors = false,
                        .max_batch_size = 8};
  CHECK(parse_model_card(to_json(card)) == card);
}

TEST_CASE("what is no description of a model is refused with a sentence") {
  for (const char* text : {"", "{}", "[]", "7", R"({"name":"x","dimension":-1})"}) {
    try {
      parse_model_card(text);
      FAIL_CHECK("accepted: ", text);
    } catch (const std::runtime_error& error) {
      CHECK(std::string(error.what()).starts_with("the description of the workers' model cannot be read: "));
    }
  }
}
