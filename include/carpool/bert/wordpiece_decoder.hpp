// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/config.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/tokenizer_config.hpp>
#include <carpool/bert/vocabulary.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carpool::bert {

/// Ids back to text, as Hugging Face's tokenizers do it with their WordPiece decoder. What normalisation has
/// taken away, such as capitals and accents, does not come back.
///
/// Immutable, so one object serves all threads.
class wordpiece_decoder {
 public:
  /// Reads the vocabulary of a model folder. Throws `load_error`.
  wordpiece_decoder(const std::filesystem::path& folder, const model_config& config)
      : wordpiece_decoder{read_vocabulary(folder, config.vocab_size), config.tokenizer} {}

  wordpiece_decoder(vocabulary tokens, const tokenizer_settings& settings)
      : tokens_{std::move(tokens)}, is_special_(tokens_.size()), clean_up_{settings.clean_up} {
    for (const std::string& token : settings.special_tokens) {
      const auto found = std::find(tokens_.begin(), tokens_.end(), token);
      if (found != tokens_.end()) is_special_[static_cast<std::size_t>(found - tokens_.begin())] = true;
    }
  }

  /// The text of these ids, with a space before each token that does not continue a word.
  /// `skip_special_tokens` leaves out [CLS], [SEP] and what else the model folder calls special.
  ///
  /// Throws `boost::system::system_error` with `error::unknown_token`, naming the id and how
  /// many tokens there are.
  std::string decode(std::span<const std::int32_t> ids, bool skip_special_tokens = true) const {
    std::string text;
    bool first = true;
    for (const std::int32_t id : ids) {
      const auto index = static_cast<std::size_t>(id);
      if (id < 0 || index >= tokens_.size() || tokens_[index].empty()) throw refusal(id);
      if (skip_special_tokens && is_special_[index]) continue;
      append(text, tokens_[index], std::exchange(first, false));
    }
    return text;
  }

 private:
  boost::system::system_error refusal(std::int32_t id) const {
    return boost::system::system_error{
        make_error_code(error::unknown_token),
        "id " + std::to_string(id) + ", " + std::to_string(tokens_.size()) + " tokens"};
  }

  void append(std::string& text, std::string_view token, bool first) const {
    constexpr std::string_view continuation = "##";
    if (first) {
      text += clean(std::string{token});
    } else if (token.starts_with(continuation)) {
      text += clean(std::string{token.substr(continuation.size())});
    } else {
      text += clean(' ' + std::string{token});
    }
  }

  /// Takes out spaces that do not belong in front of English punctuation and contractions. Like the original
  /// it looks at one token at a time, so most contractions stay apart.
  std::string clean(std::string token) const {
    if (!clean_up_) return token;
    using replacement = std::pair<std::string_view, std::string_view>;
    for (const auto& [from, to] : {replacement{" .", "."},
                                   {" ?", "?"},
                                   {" !", "!"},
                                   {" ,", ","},
                                   {" ' ", "'"},
                                   {" n't", "n't"},
                                   {" 'm", "'m"},
                                   {" do not", " don't"},
                                   {" 's", "'s"},
                                   {" 've", "'ve"},
                                   {" 're", "'re"}}) {
      for (std::size_t at = token.find(from); at != std::string::npos; at = token.find(from, at + to.size()))
        token.replace(at, from.size(), to);
    }
    return token;
  }

  vocabulary tokens_;
  std::vector<bool> is_special_;  // by id
  bool clean_up_;
};

}  // namespace carpool::bert
