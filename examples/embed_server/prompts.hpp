// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What is put before a text to tell an asymmetric model which of its uses is meant, such as "query: ".

#pragma once

#include "circumstances.hpp"
#include "submitted_texts.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace embed_server {

/// The prompts by name in the config_sentence_transformers.json of a model's folder, if it has such a file.
/// None where the model's pooling leaves prompts out, which carpool's does not. Throws
/// carpool::bert::load_error that names file, field and cause.
std::map<std::string, std::string> read_prompts(const std::filesystem::path& folder);

/// Puts the prompt that the request names, if it does, before each of its texts. Throws api_error if the
/// model has none of that name, and as circumstances::take_memory.
void add_prompt(submitted_texts& request, circumstances& when);

}  // namespace embed_server
