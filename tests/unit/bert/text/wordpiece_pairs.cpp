// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Pairs of texts, also compared with tokenizers on the goldens of tests/goldens/make_classifier_goldens.py.
#include "support/doctest.hpp"
#include <carpool/bert/wordpiece.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace carpool::bert;

namespace {

using ids = std::vector<std::int32_t>;

constexpr std::int32_t cls = 2, sep = 3;

wordpiece small(std::size_t max_tokens = 16) {
  return {vocabulary{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "[", "]", "sep", "[MASK]"},
          {},
          max_tokens};
}

boost::system::system_error refusal(const wordpiece& tokenizer, std::string_view first,
                                    std::string_view second, encode_options options = {}) {
  try {
    tokenizer.encode_pair(first, second, options);
  } catch (const boost::system::system_error& fault) {
    return fault;
  }
  return boost::system::system_error{boost::system::error_code{}};
}

/// Tokenisers of the real vocabulary by their limit; making one takes long.
class tokenizers {
 public:
  const wordpiece& of(std::size_t max_tokens) {
    return made_.try_emplace(max_tokens, known_, settings_, max_tokens).first->second;
  }

 private:
  vocabulary known_ = read_vocabulary(CARPOOL_TEST_MINILM, 30522);
  tokenizer_settings settings_ = read_tokenizer_settings(CARPOOL_TEST_MINILM);
  std::map<std::size_t, wordpiece> made_;
};

/// A row of the goldens must come out with these ids and types.
void compare(const json_section& row, tokenizers& with) {
  const auto numbers = [&](std::string_view field) {
    ids result;
    for (const json_value& number : row.at(field).as_array(row.subject(field)))
      result.push_back(static_cast<std::int32_t>(number.as_integer(row.subject(field))));
    return result;
  };
  const auto max_tokens = static_cast<std::size_t>(row.size("max_tokens", 512));
  const std::string &first = row.string("first"), &second = row.string("second");
  CAPTURE(max_tokens);
  CAPTURE(first);
  CAPTURE(second);
  const tokens found = with.of(max_tokens).encode_pair(first, second);
  CHECK(found.ids == numbers("ids"));
  ids types(found.size(), 0);
  for (std::size_t i = found.second_text; i < types.size(); ++i) types[i] = 1;
  CHECK(types == numbers("types"));
}

}  // namespace

TEST_CASE("a pair is CLS, the first text, SEP, the second text and SEP, and knows where the second begins") {
  const tokens pair = small().encode_pair("a b", "c");
  CHECK(pair.ids == ids{cls, 4, 5, sep, 6, sep});
  CHECK(pair.second_text == 4);
  CHECK(small().encode_pair("", "c").ids == ids{cls, sep, 6, sep});
  CHECK(small().encode_pair("", "c").second_text == 2);
  CHECK(small().encode_pair("a", "").ids == ids{cls, 4, sep, sep});
  CHECK(small().encode_pair("a", "").second_text == 3);
  CHECK(small().encode("a b").second_text == 0);
}

TEST_CASE("pairs have the ids and types that tokenizers gives them, cut or whole") {
  tokenizers made;
  const json_file file{std::filesystem::path{CARPOOL_TEST_GOLDENS} / "classifier" / "pairs.json"};
  const json_value::array& rows = file.value().as_array(file.name());
  REQUIRE(rows.size() > 50);
  for (const json_value& value : rows) compare({value, file.name()}, made);
}

TEST_CASE("of two long texts the longer one keeps the piece more, however long they are") {
  std::string twenty, thirty;
  for (int i = 0; i < 20; ++i) twenty += "a ";
  for (int i = 0; i < 30; ++i) thirty += "b ";
  CHECK(small(8).encode_pair(twenty, thirty).ids == ids{cls, 4, 4, sep, 5, 5, 5, sep});
  CHECK(small(8).encode_pair(thirty, twenty).ids == ids{cls, 5, 5, 5, sep, 4, 4, sep});
  CHECK(small(8).encode_pair(twenty, twenty).ids == ids{cls, 4, 4, sep, 4, 4, 4, sep});
  CHECK(small(3).encode_pair(twenty, thirty).ids == ids{cls, sep, sep});
}

TEST_CASE("a pair that is too long is refused with count and limit where it may not be cut") {
  const encode_options whole{.truncate = false};
  CHECK(small(8).encode_pair("a b c", "a b", whole).size() == 8);
  const auto fault = refusal(small(8), "a b c", "a b c", whole);
  CHECK(fault.code() == error::text_too_long);
  CHECK(std::string_view{fault.what()}.starts_with("9 tokens with [CLS] and [SEP], 8 at most"));
}

TEST_CASE("a special token in either text is text unless it is asked for") {
  CHECK(small().encode_pair("a", "[SEP]").ids == ids{cls, 4, sep, 7, 9, 8, sep});
  const tokens parsed = small().encode_pair("[SEP]", "a[SEP]", {.special_tokens = special_tokens::parse});
  CHECK(parsed.ids == ids{cls, sep, sep, 4, sep, sep});
  CHECK(parsed.second_text == 3);
}

TEST_CASE("invalid UTF-8 is refused with its text and offset") {
  const auto first = refusal(small(), "ab\xFF", "c");
  CHECK(first.code() == error::invalid_utf8);
  CHECK(std::string_view{first.what()}.starts_with("byte 2 of the first text"));
  const auto second = refusal(small(), "a", "\xC0\x80");
  CHECK(second.code() == error::invalid_utf8);
  CHECK(std::string_view{second.what()}.starts_with("byte 0 of the second text"));
}
