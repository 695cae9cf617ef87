// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/wordpiece.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

using namespace carpool::bert;

namespace {

constexpr std::size_t plenty = 1'000'000;

wordpiece small() {
  return {{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##aff", "##able", "e", "!"}, {}, 16};
}

/// What the tokens of a text are made of, without [CLS] and [SEP].
std::vector<std::string> parts(std::string_view text) {
  const located_tokens found = small().encode_located(text, plenty);
  REQUIRE(found.places.size() == found.tokens.size());
  CHECK(found.places.front() == text_range{});
  CHECK(found.places.back() == text_range{});
  std::vector<std::string> result;
  for (std::size_t i = 1; i + 1 < found.places.size(); ++i)
    result.emplace_back(text.substr(found.places[i].begin, found.places[i].end - found.places[i].begin));
  return result;
}

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("each token knows its part of the text, as it is written there") {
  CHECK(parts("unaffable") == strings{"un", "aff", "able"});
  CHECK(parts("  UNaffABLE\tun ") == strings{"UN", "aff", "ABLE", "un"});
  CHECK(parts("un!un") == strings{"un", "!", "un"});
  CHECK(parts("").empty());
}

TEST_CASE("a word that is unknown is one token with one place, also when it is too long") {
  CHECK(parts("unaffx un") == strings{"unaffx", "un"});
  const std::string longest(1000, 'e');
  CHECK(parts(longest + " e") == strings{longest, "e"});
}

TEST_CASE("what normalisation removes belongs to a token if it is inside it") {
  CHECK(parts("\u00E9") == strings{"\u00E9"});
  CHECK(parts("e\u0301") == strings{"e"});
  CHECK(parts("u\u0301n") == strings{"u\u0301n"});
  CHECK(parts("\u200Bun\u200Baff") == strings{"un", "aff"});
}

TEST_CASE("tokens with places are never cut, but refused when there are more than asked for") {
  const wordpiece tokenizer = small();
  std::string text;
  for (int i = 0; i < 98; ++i) text += "e ";
  CHECK(tokenizer.encode_located(text, 100).tokens.size() == 100);
  try {
    tokenizer.encode_located(text, 99);
    FAIL("was not refused");
  } catch (const boost::system::system_error& refused) {
    CHECK(refused.code() == error::text_too_long);
    CHECK(std::string(refused.what()).find("99 at most") != std::string::npos);
  }
  CHECK_THROWS_AS(tokenizer.encode_located("\xFF", 99), boost::system::system_error);
}

TEST_CASE("places equal Hugging Face's") {
  const wordpiece tokenizer{read_vocabulary(CARPOOL_TEST_MINILM, 30522),
                            read_tokenizer_settings(CARPOOL_TEST_MINILM), 256};
  const json_file file{std::filesystem::path{CARPOOL_TEST_GOLDENS} / "tokenizer" / "places.json"};
  const json_value::array& examples = file.value().as_array(file.name());
  REQUIRE(examples.size() > 100);
  for (const json_value& value : examples) {
    const json_section example{value, file.name()};
    const std::string& text = example.string("text");
    CAPTURE(text);
    std::vector<std::int32_t> ids;
    for (const json_value& id : example.at("ids").as_array("ids"))
      ids.push_back(static_cast<std::int32_t>(id.as_integer("id")));
    std::vector<text_range> places;
    for (const json_value& place : example.at("places").as_array("places")) {
      const json_value::array& ends = place.as_array("place");
      places.push_back({static_cast<std::size_t>(ends.at(0).as_integer("begin")),
                        static_cast<std::size_t>(ends.at(1).as_integer("end"))});
    }
    const located_tokens found = tokenizer.encode_located(text, plenty);
    CHECK(found.tokens.ids == ids);
    CHECK(found.places == places);
  }
}
