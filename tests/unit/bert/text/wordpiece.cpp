// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"
#include <carpool/bert/wordpiece.hpp>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace carpool::bert;

namespace {

using ids = std::vector<std::int32_t>;

constexpr std::int32_t unk = 1, cls = 2, sep = 3;

const vocabulary small_vocabulary{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##aff",  "##able",
                                  "a",     "##a",   "[",     "]",     "sep",    "?",  "i\u0307"};

wordpiece small(std::size_t max_tokens = 16, const tokenizer_settings& settings = {}) {
  return {small_vocabulary, settings, max_tokens};
}

ids pieces(const wordpiece& tokenizer, std::string_view text, encode_options options = {}) {
  const ids all = tokenizer.encode(text, options).ids;
  REQUIRE(all.size() >= 2);
  REQUIRE(all.front() == cls);
  REQUIRE(all.back() == sep);
  return {all.begin() + 1, all.end() - 1};
}

boost::system::system_error refusal(const wordpiece& tokenizer, std::string_view text,
                                    encode_options options = {}) {
  try {
    tokenizer.encode(text, options);
  } catch (const boost::system::system_error& fault) {
    return fault;
  }
  return boost::system::system_error{boost::system::error_code{}};
}

}  // namespace

TEST_CASE("a word is cut into the longest pieces from the left") {
  CHECK(pieces(small(), "unaffable") == ids{5, 6, 7});
  CHECK(pieces(small(), "UNAFFABLE un") == ids{5, 6, 7, 5});
  CHECK(pieces(small(), "aaa") == ids{8, 9, 9});
}

TEST_CASE("a word of which any part is unknown is one unknown token") {
  CHECK(pieces(small(), "unaffablex un") == ids{unk, 5});
  CHECK(pieces(small(), "x?") == ids{unk, 13});
}

TEST_CASE("empty text and text of which nothing is left is CLS and SEP") {
  for (const char* text : {"", " ", "\t\n", "\u200B", "\u0301", "\xEF\xBF\xBD"}) {
    CAPTURE(text);
    CHECK(small().encode(text).ids == ids{cls, sep});
  }
}

TEST_CASE("a word of 100 characters is cut, one of 101 unknown, counted after normalisation") {
  CHECK(pieces(small(128), std::string(100, 'a')).size() == 100);
  CHECK(pieces(small(128), std::string(101, 'a')) == ids{unk});
  std::string accented;
  for (int i = 0; i < 100; ++i) accented += "a\u0301";
  CHECK(pieces(small(128), accented).size() == 100);
  CHECK(pieces(small(128), accented + "a") == ids{unk});
  CHECK(pieces(small(128), std::string(1'000'000, 'a') + " a") == ids{unk, 8});
}

TEST_CASE("a longer text keeps its first pieces and SEP, or is refused with count and limit") {
  const wordpiece tokenizer = small(5);
  CHECK(tokenizer.encode("a a a").ids == ids{cls, 8, 8, 8, sep});
  CHECK(tokenizer.encode("a a un a").ids == ids{cls, 8, 8, 5, sep});
  CHECK(tokenizer.encode("a a unaffable").ids == ids{cls, 8, 8, 5, sep});
  CHECK(tokenizer.encode("a a a", {.truncate = false}).size() == 5);
  const auto fault = refusal(tokenizer, "a a unaffable a", {.truncate = false});
  CHECK(fault.code() == error::text_too_long);
  CHECK(std::string_view{fault.what()}.starts_with("8 tokens with [CLS] and [SEP], 5 at most"));
}

TEST_CASE("of a text that is far too long no more is read than it takes to know that") {
  const wordpiece tokenizer = small(5);
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "a ";
  const auto fault = refusal(tokenizer, text, {.truncate = false});
  CHECK(fault.code() == error::text_too_long);
  CHECK(std::string_view{fault.what()}.starts_with("more than 65536 tokens with [CLS] and [SEP], 5 at most"));
  CHECK_THROWS_AS((void)tokenizer.encode_pair(text, "a", {.truncate = false}), boost::system::system_error);
  CHECK_THROWS_AS((void)tokenizer.encode_pair("a", text, {.truncate = false}), boost::system::system_error);
  CHECK(tokenizer.encode_pair("a", text).size() == 5);
}

TEST_CASE("a special token in the text is text unless it is asked for") {
  CHECK(pieces(small(), "a[SEP]a") == ids{8, 10, 12, 11, 8});
  CHECK(pieces(small(), "a[SEP]a", {.special_tokens = special_tokens::parse}) == ids{8, sep, 8});
  CHECK(pieces(small(), "[CLS][SEP][MASK]", {.special_tokens = special_tokens::parse}) == ids{cls, sep, 4});
  CHECK(pieces(small(), "[sep] [SEP", {.special_tokens = special_tokens::parse}) == ids{10, 12, 11, 10, 12});
  CHECK(pieces(small(3), "[MASK][MASK][MASK]", {.special_tokens = special_tokens::parse}) == ids{4});
}

TEST_CASE("overlapping special tokens match leftmost, then longest") {
  const vocabulary tokens{"[UNK]", "[CLS]", "[SEP]", "<a>", "<a><b>", "<b>"};
  const wordpiece tokenizer{tokens, {.special_tokens = {"<a>", "<b>", "<a><b>"}}, 16};
  CHECK(tokenizer.encode("<a><b><a><a>", {.special_tokens = special_tokens::parse}).ids ==
        ids{1, 4, 3, 3, 2});
}

TEST_CASE(
    "invalid UTF-8 is refused with the offset of the first bad byte, even beyond what truncation keeps") {
  const auto fault = refusal(small(3), "a a a a a \xE2\x82 a");
  CHECK(fault.code() == error::invalid_utf8);
  CHECK(std::string_view{fault.what()}.starts_with("byte 10"));
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\xFF"}) {
    CHECK(refusal(small(), bad).code() == error::invalid_utf8);
  }
}

TEST_CASE("a dotted capital I becomes i, with its dot where accents are kept") {
  CHECK(pieces(small(16, {.strip_accents = false}), "\u0130") == ids{14});
  CHECK(pieces(small(), "\u0130") == ids{unk});
}

TEST_CASE("a vocabulary without the tokens that the settings name is refused") {
  const vocabulary tokens{"[UNK]", "[CLS]"};
  CHECK_THROWS_WITH_AS((wordpiece{tokens, {}, 16}), "the vocabulary has no token \"[SEP]\"", load_error);
  CHECK_THROWS_WITH_AS((wordpiece{small_vocabulary, {.unknown_token = ""}, 16}),
                       "the vocabulary has no token \"\"", load_error);
  CHECK_THROWS_WITH_AS(small(2), "max_tokens is 2, but must be at least 3", load_error);
}

TEST_CASE("a folder whose vocabulary lacks a token is named") {
  const carpool::test::temporary_folder folder;
  folder.write("vocab.txt", "[UNK]\n[CLS]\n");
  model_config config;
  config.vocab_size = 2;
  config.max_tokens = 16;
  CHECK_THROWS_WITH_AS((wordpiece{folder.path(), config}),
                       (folder.path().string() + ": the vocabulary has no token \"[SEP]\"").c_str(),
                       load_error);
}

TEST_CASE("one tokeniser serves many threads") {
  const wordpiece tokenizer = small();
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 100; ++k)
        right += tokenizer.encode("unaffable a?").ids == ids{cls, 5, 6, 7, 8, 13, sep};
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 400);
}

TEST_CASE("error codes carry sentences") {
  const boost::system::error_code code = error::empty_text;
  CHECK(code.message() == "the text is empty");
  CHECK(std::string_view{code.category().name()} == "carpool.bert");
  CHECK(make_error_code(error::text_too_long).message() == "the text has more tokens than the model takes");
  CHECK(make_error_code(error::invalid_utf8).message() == "the text is not valid UTF-8");
  CHECK(make_error_code(error::non_finite_output).message() == "the result holds a NaN or an infinity");
  CHECK(make_error_code(error::pairs_unsupported).message() ==
        "the model takes single texts, but this is a pair");
  CHECK(error_category().message(99) == "unknown carpool.bert error 99");
}
