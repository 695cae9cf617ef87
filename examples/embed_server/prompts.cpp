// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "prompts.hpp"

#include "json_fields.hpp"
#include <carpool/bert/error.hpp>
#include <carpool/bert/json_file.hpp>

namespace embed_server {
namespace {

using carpool::bert::json_file;
using carpool::bert::json_section;

constexpr const char* prompt_field = "prompt_name";

// Whether the tokens of a prompt are pooled like those of the text.
bool pools_prompts(const std::filesystem::path& folder) {
  const auto modules = json_file::if_present(folder / "modules.json");
  if (!modules) return true;
  for (const auto& each : modules->value().as_array(modules->name())) {
    const json_section module{each, modules->name()};
    if (!module.string("type").ends_with("Pooling")) continue;
    const json_file pooling{folder / module.string("path") / "config.json"};
    if (!pooling.root().boolean("include_prompt").value_or(true)) return false;
  }
  return true;
}

std::string names_of(const std::map<std::string, std::string>& prompts) {
  std::string names;
  for (const auto& [name, text] : prompts)
    names += (names.empty() ? "" : ", ") + carpool::bert::in_quotes(name);
  return names;
}

}  // namespace

std::map<std::string, std::string> read_prompts(const std::filesystem::path& folder) {
  const auto file = json_file::if_present(folder / "config_sentence_transformers.json");
  if (!file || file->root().find("prompts") == nullptr || !pools_prompts(folder)) return {};
  const json_section prompts = file->root().section("prompts");
  std::map<std::string, std::string> result;
  for (const auto& [name, text] : prompts.value().as_object(prompts.place()))
    if (!text.is_null()) result.emplace(name, text.as_string(prompts.subject(name)));
  return result;
}

void add_prompt(submitted_texts& request, circumstances& when) {
  if (!request.prompt_name) return;
  const served_model& model = when.about();
  if (model.prompts.empty())
    refuse_field(prompt_field, "prompt_name must be null: " + model.name + " has no prompts");
  const auto found = model.prompts.find(*request.prompt_name);
  if (found == model.prompts.end())
    refuse_field(prompt_field, "prompt_name must be one of " + names_of(model.prompts));
  when.take_memory(request.texts.size() * found->second.size());
  for (std::string& text : request.texts) text.insert(0, found->second);
}

}  // namespace embed_server
