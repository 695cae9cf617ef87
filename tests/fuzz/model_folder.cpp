// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Any model folder is understood or refused with a sentence. The input is the files one behind the other,
// with a zero byte between them; an empty file is left out.
#include "support/temporary_folder.hpp"
#include <carpool/bert/config.hpp>
#include <carpool/bert/wordpiece.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const carpool::test::temporary_folder folder;
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  for (const char* name :
       {"config.json", "tokenizer.json", "tokenizer_config.json", "sentence_bert_config.json", "modules.json",
        "1_Pooling/config.json", "vocab.txt", "config_sentence_transformers.json", "added_tokens.json"}) {
    const std::string_view content = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(content.size() < rest.size() ? content.size() + 1 : content.size());
    if (content.empty()) {
      std::filesystem::remove(folder.path() / name);
    } else {
      folder.write(name, content);
    }
  }
  try {
    const carpool::bert::model_config config = carpool::bert::read_model_config(folder.path());
    if (config.hidden_size % config.heads != 0 || config.max_tokens < 3) std::abort();
    if (config.max_tokens > static_cast<std::size_t>(config.max_positions)) std::abort();
    for (const std::int32_t id :
         carpool::bert::wordpiece{folder.path(), config}.encode("Some [SEP] text").ids) {
      if (id < 0 || id >= config.vocab_size) std::abort();
    }
  } catch (const carpool::bert::load_error&) {
  }
  try {
    const carpool::bert::model_config config = carpool::bert::read_classifier_config(folder.path());
    if (config.classifier->labels.empty()) std::abort();
  } catch (const carpool::bert::load_error&) {
  }
  return 0;
}
