// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"
#include <carpool/bert/vocabulary.hpp>

#include <string>

using namespace carpool::bert;
using carpool::test::temporary_folder;

namespace {

/// The error's sentence without the folder's name, or "accepted".
std::string refusal(const temporary_folder& folder, std::int64_t limit) {
  try {
    read_vocabulary(folder.path(), limit);
  } catch (const load_error& fault) {
    return std::string{fault.what()}.substr(folder.path().string().size());
  }
  return "accepted";
}

}  // namespace

TEST_CASE("both forms of all-MiniLM-L6-v2's vocabulary are the same") {
  const temporary_folder folder;
  folder.write("vocab.txt", mapped_file{std::filesystem::path{CARPOOL_TEST_MINILM} / "vocab.txt"}.text());
  const vocabulary from_text = read_vocabulary(folder.path(), 30522);
  CHECK(from_text == read_vocabulary(CARPOOL_TEST_MINILM, 30522));
  CHECK(from_text.size() == 30522);
  CHECK(from_text[101] == "[CLS]");
}

TEST_CASE("vocab.txt is read with either line ending and with or without a last one") {
  for (const char* text : {"a\nb\n##c", "a\nb\n##c\n", "a\r\nb\r\n##c\r\n"}) {
    const temporary_folder folder;
    folder.write("vocab.txt", text);
    CHECK(read_vocabulary(folder.path(), 3) == vocabulary{"a", "b", "##c"});
  }
}

TEST_CASE("an empty line of vocab.txt is no token, also behind the last id that there may be") {
  for (const char* text : {"a\n\n##c\n\n", "a\r\n\r\n##c\r\n\r\n"}) {
    const temporary_folder folder;
    folder.write("vocab.txt", text);
    CHECK(read_vocabulary(folder.path(), 3) == vocabulary{"a", "", "##c"});
  }
}

TEST_CASE("tokenizer.json's ids may come in any order and leave gaps, and added tokens count") {
  const temporary_folder folder;
  folder.write(
      "tokenizer.json",
      R"({"model": {"vocab": {"b": 3, "a": 0}}, "added_tokens": [{"content": "[X]", "id": 4}, {"content": "a", "id": 0}]})");
  CHECK(read_vocabulary(folder.path(), 5) == vocabulary{"a", "", "", "b", "[X]"});
}

TEST_CASE("ids outside the embedding table are refused") {
  const temporary_folder folder;
  folder.write("vocab.txt", "a\nb\nc\n");
  CHECK(refusal(folder, 2) == R"(/vocab.txt: the token "c" has the id 2, but config.json says vocab_size 2)");
  folder.write("tokenizer.json", R"({"model": {"vocab": {"a": 9223372036854775807}}})");
  CHECK(
      refusal(folder, 2) ==
      R"(/tokenizer.json: the token "a" has the id 9223372036854775807, but config.json says vocab_size 2)");
  folder.write("tokenizer.json", R"({"model": {"vocab": {"a": -1}}})");
  CHECK(refusal(folder, 2) ==
        R"(/tokenizer.json: the token "a" has the id -1, but config.json says vocab_size 2)");
}

TEST_CASE("damaged vocabularies are refused") {
  const temporary_folder folder;
  CHECK(refusal(folder, 9) == ": there is neither tokenizer.json nor vocab.txt");
  folder.write("vocab.txt", "a\n\xFF\n");
  CHECK(refusal(folder, 9) == "/vocab.txt is not valid UTF-8 (byte 2)");
  folder.write("tokenizer.json", R"({"model": {"vocab": {"a": 1, "b": 1}}})");
  CHECK(refusal(folder, 9) == R"(/tokenizer.json: "a" and "b" have the same id 1)");
  folder.write("tokenizer.json", R"({"model": {"vocab": {"a": "1"}}})");
  CHECK(refusal(folder, 9) ==
        R"(/tokenizer.json: model: vocab: the id of "a" must be an integer, but is a string)");
  folder.write("tokenizer.json", R"({"model": {}})");
  CHECK(refusal(folder, 9) == "/tokenizer.json: model: vocab is missing");
}
