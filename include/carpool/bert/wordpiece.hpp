// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/code_point_table.hpp>
#include <carpool/bert/config.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/longest_first.hpp>
#include <carpool/bert/token_places.hpp>
#include <carpool/bert/token_trie.hpp>
#include <carpool/bert/tokenizer_config.hpp>
#include <carpool/bert/tokens.hpp>
#include <carpool/bert/utf8.hpp>
#include <carpool/bert/vocabulary.hpp>
#include <carpool/bert/word_buffer.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carpool::bert {

/// What a literal "[SEP]" in a text is. `as_text`: five letters and brackets, so that nobody can smuggle a
/// token into the model. `parse`: the token, as in Hugging Face's tokenizers by default
/// (`encode_special_tokens = False`).
enum class special_tokens { as_text, parse };

struct encode_options {
  bool truncate = true;  ///< keep the first pieces of a longer text, max_tokens in all; false: refuse it
  bert::special_tokens special_tokens = bert::special_tokens::as_text;
};

/// BERT's tokeniser: text to ids, identical to Hugging Face's tokenizers (BertNormalizer, BertPreTokenizer,
/// WordPiece).
///
/// Immutable, so one object serves all threads. A call allocates its result and nothing else.
class wordpiece {
 public:
  /// Reads the vocabulary of a model folder. Throws `load_error` naming file or folder, and cause.
  wordpiece(const std::filesystem::path& folder, const model_config& config)
      : wordpiece{read_vocabulary(folder, config.vocab_size), config.tokenizer, config.max_tokens,
                  folder.string() + ": "} {}

  /// Throws `load_error` when a token that the settings name is not in the vocabulary, or `max_tokens` is
  /// below 3.
  wordpiece(const vocabulary& tokens, const tokenizer_settings& settings, std::size_t max_tokens)
      : wordpiece{tokens, settings, max_tokens, ""} {}

  /// The ids of `text`, which is `[CLS] pieces [SEP]` and never more than `max_tokens()`; empty text is
  /// `[CLS] [SEP]`.
  ///
  /// Throws `boost::system::system_error` with `error::invalid_utf8` (naming the offset), or
  /// `error::text_too_long` (naming limit and count, if that is not far beyond it) when truncation is off.
  tokens encode(std::string_view text, encode_options options = {}) const {
    check_utf8(text, "");
    const std::size_t kept = max_tokens_ - 1;  // all but [SEP]
    output<> out{{cls_}, options.truncate ? kept : counted()};
    out.ids.reserve(std::min(max_tokens_, text.size() / 2 + 3));
    append(text, options, out);
    if (!options.truncate) check_length(out, max_tokens_);
    out.ids.resize(std::min(out.ids.size(), kept));
    out.ids.push_back(sep_);
    return tokens{std::move(out.ids)};
  }

  /// The ids of a pair, `[CLS] pieces [SEP] pieces [SEP]` and never more than `max_tokens()`. Of pairs that
  /// are longer, the longer text is cut first, see `longest_first`. Throws as `encode` does.
  tokens encode_pair(std::string_view first, std::string_view second, encode_options options = {}) const {
    check_utf8(first, " of the first text");
    check_utf8(second, " of the second text");
    const std::size_t room = max_tokens_ - 3;
    output<> out{{cls_}, options.truncate ? no_limit : counted()};
    out.ids.reserve(std::min(max_tokens_, (first.size() + second.size()) / 2 + 4));
    append(first, options, out);
    const std::size_t first_pieces = out.ids.size() - 1;
    out.ids.push_back(sep_);
    // More pieces of the second text would change nothing.
    if (options.truncate) out.enough = out.ids.size() + std::max(room, first_pieces);
    append(second, options, out);
    if (!options.truncate) check_length(out, max_tokens_);
    const auto kept = longest_first(first_pieces, out.ids.size() - first_pieces - 2, room);
    const auto pieces = out.ids.begin() + 1;
    out.ids.erase(pieces + static_cast<std::ptrdiff_t>(kept.first),
                  pieces + static_cast<std::ptrdiff_t>(first_pieces));
    tokens result{std::move(out.ids)};
    result.second_text = kept.first + 2;
    result.ids.resize(result.second_text + kept.second);
    result.ids.push_back(sep_);
    return result;
  }

  /// The ids of `text` as `encode` gives them, but never cut, and where in the text each comes from; special
  /// tokens in it are text. Throws as `encode` does, `error::text_too_long` where there are more than `limit`
  /// tokens.
  located_tokens encode_located(std::string_view text, std::size_t limit) const {
    check_utf8(text, "");
    output<text_places> out{{cls_}, limit, {}};
    out.places.add_nothing();
    encode_plain(text, out);
    check_length(out, limit);
    out.ids.push_back(sep_);
    out.places.add_nothing();
    return {tokens{std::move(out.ids)}, out.places.take()};
  }

  std::size_t max_tokens() const { return max_tokens_; }

 private:
  struct special {
    std::string text;
    std::int32_t id;
  };

  /// `Places` is told where everything comes from, or is `no_places`.
  template <class Places = no_places>
  struct output {
    std::vector<std::int32_t> ids;
    std::size_t enough;  // stop when there are so many
    [[no_unique_address]] Places places = {};

    bool full() const { return ids.size() >= enough; }
  };

  /// `place` is in front of the sentence of an error.
  wordpiece(const vocabulary& tokens, const tokenizer_settings& settings, std::size_t max_tokens,
            const std::string& place)
      : rules_{settings}, trie_{tokens}, inside_word_{trie_.find("##")}, max_tokens_{max_tokens} {
    if (max_tokens < 3)
      throw load_error{place + "max_tokens is " + std::to_string(max_tokens) + ", but must be at least 3"};
    const auto id_of = [&](const std::string& token) {
      const token_trie::match found = trie_.longest(token_trie::root(), token);
      if (token.empty() || found.length != token.size()) {
        throw load_error{place + "the vocabulary has no token " + in_quotes(token)};
      }
      return found.id;
    };
    unknown_ = id_of(settings.unknown_token);
    cls_ = id_of(settings.cls_token);
    sep_ = id_of(settings.sep_token);
    for (const std::string& token : settings.special_tokens) specials_.push_back({token, id_of(token)});
    std::sort(specials_.begin(), specials_.end(),
              [](const special& a, const special& b) { return a.text.size() > b.text.size(); });
  }

  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

  /// Of a text that is too long so many tokens are counted: megabytes need not be read to know that it is.
  std::size_t counted() const { return std::max(max_tokens_, std::size_t{65'536}); }

  static void check_utf8(std::string_view text, const char* where) {
    const std::size_t fault = find_invalid_utf8(text);
    if (fault != text.size()) throw refusal(error::invalid_utf8, "byte " + std::to_string(fault) + where);
  }

  template <class Places>
  static void check_length(const output<Places>& out, std::size_t limit) {
    const std::size_t count = out.ids.size() + 1;
    if (count <= limit) return;
    throw refusal(error::text_too_long,
                  (out.full() ? "more than " + std::to_string(count - 1) : std::to_string(count)) +
                      " tokens with [CLS] and [SEP], " + std::to_string(limit) + " at most");
  }

  static boost::system::system_error refusal(error code, const std::string& detail) {
    return boost::system::system_error{make_error_code(code), detail};
  }

  void append(std::string_view text, encode_options options, output<>& out) const {
    if (options.special_tokens == special_tokens::parse) {
      encode_with_specials(text, out);
    } else {
      encode_plain(text, out);
    }
  }

  /// Special tokens are looked for in the raw text, leftmost first, then longest; what lies between is plain.
  void encode_with_specials(std::string_view text, output<>& out) const {
    std::size_t plain = 0;
    for (std::size_t at = 0; at < text.size() && !out.full();) {
      const auto found = std::find_if(specials_.begin(), specials_.end(), [&](const special& candidate) {
        return text.substr(at, candidate.text.size()) == candidate.text;
      });
      if (found == specials_.end()) {
        ++at;
        continue;
      }
      encode_plain(text.substr(plain, at - plain), out);
      out.ids.push_back(found->id);
      at += found->text.size();
      plain = at;
    }
    encode_plain(text.substr(plain), out);
  }

  template <class Places>
  void encode_plain(std::string_view text, output<Places>& out) const {
    word_buffer word;
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at != end && !out.full();) {
      const char* const begin = at;
      const char32_t c = decode_utf8(at);
      out.places.read(text, begin, at);
      const code_point_rule rule = rules_[c];
      if (rule.kind == code_point_kind::letter) {  // most are
        append(rule.value, word, out);
      } else if (rule.kind == code_point_kind::expansion) {
        for (const char32_t part : code_point_table::expansion_of(c)) {
          if (part != 0) apply(rules_[part], word, out);
        }
      } else {
        apply(rule, word, out);
      }
    }
    end_word(word, out);
  }

  template <class Places>
  static void append(char32_t c, word_buffer& word, output<Places>& out) {
    word.append(c);
    out.places.append();
  }

  template <class Places>
  void apply(code_point_rule rule, word_buffer& word, output<Places>& out) const {
    switch (rule.kind) {
      case code_point_kind::letter:
        return append(rule.value, word, out);
      case code_point_kind::ordered_mark:
        word.append_mark(rule.value, code_point_table::rank_of(rule.value));
        return out.places.append();
      case code_point_kind::starter_mark:
        return word.settle_marks();
      case code_point_kind::space:
        return end_word(word, out);
      case code_point_kind::alone:
        end_word(word, out);
        append(rule.value, word, out);
        return end_word(word, out);
      case code_point_kind::deleted:
      case code_point_kind::expansion:
        return;
    }
  }

  /// Cuts the word into the longest tokens from left to right; a word that cannot be cut so is one unknown
  /// token.
  template <class Places>
  void end_word(word_buffer& word, output<Places>& out) const {
    if (word.empty()) return;
    word.settle_marks();
    const std::size_t start = out.ids.size();
    std::string_view rest = word.too_long() ? std::string_view{} : word.text();
    bool known = !rest.empty();
    for (token_trie::node at = token_trie::root(); !rest.empty() && known; at = inside_word_) {
      const token_trie::match piece = trie_.longest(at, rest);
      known = piece.id != token_trie::no_token;
      out.ids.push_back(piece.id);
      out.places.end_piece(rest.substr(0, piece.length));
      rest.remove_prefix(piece.length);
    }
    if (!known) {
      out.ids.resize(start);
      out.ids.push_back(unknown_);
      out.places.make_one_piece(start);
    }
    out.places.end_word();
    word.clear();
  }

  code_point_table rules_;
  token_trie trie_;
  token_trie::node inside_word_;
  std::size_t max_tokens_;
  std::int32_t unknown_ = 0;
  std::int32_t cls_ = 0;
  std::int32_t sep_ = 0;
  std::vector<special> specials_;  // longest first
};

}  // namespace carpool::bert
