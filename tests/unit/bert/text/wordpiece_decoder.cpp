// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/bert/wordpiece_decoder.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

using namespace carpool::bert;

namespace {

using ids = std::vector<std::int32_t>;

wordpiece_decoder small(const tokenizer_settings& settings = {}) {
  return {{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##aff", "", "don", "'", "t", "!"}, settings};
}

}  // namespace

TEST_CASE("tokens are put together with spaces, and pieces of a word without") {
  CHECK(small().decode(ids{5, 6, 5}) == "unaff un");
  CHECK(small().decode(ids{}) == "");
  CHECK(small().decode(ids{6, 6}) == "##affaff");  // nothing to continue
}

TEST_CASE("special tokens are left out unless they are wanted") {
  CHECK(small().decode(ids{2, 5, 1, 6, 3}) == "unaff");
  CHECK(small().decode(ids{2, 5, 3}, false) == "[CLS] un [SEP]");
}

TEST_CASE("spaces in front of punctuation are taken out, unless the folder says otherwise") {
  CHECK(small().decode(ids{5, 11}) == "un!");
  CHECK(small({.clean_up = false}).decode(ids{5, 11}) == "un !");
}

TEST_CASE("an id that no token has is refused by its number") {
  for (const std::int32_t bad : {-1, 7, 12, 2'000'000'000}) {
    CAPTURE(bad);
    try {
      small().decode(ids{5, bad});
      FAIL("was not refused");
    } catch (const boost::system::system_error& refused) {
      CHECK(refused.code() == error::unknown_token);
      CHECK(std::string(refused.what()).find("id " + std::to_string(bad)) != std::string::npos);
    }
  }
}

TEST_CASE("decoded texts equal Hugging Face's") {
  const wordpiece_decoder decoder{read_vocabulary(CARPOOL_TEST_MINILM, 30522),
                                  read_tokenizer_settings(CARPOOL_TEST_MINILM)};
  const json_file file{std::filesystem::path{CARPOOL_TEST_GOLDENS} / "tokenizer" / "decoded.json"};
  for (const json_value& value : file.value().as_array(file.name())) {
    const json_section example{value, file.name()};
    ids list;
    for (const json_value& id : example.at("ids").as_array("ids"))
      list.push_back(static_cast<std::int32_t>(id.as_integer("id")));
    CHECK(decoder.decode(list) == example.string("text"));
    CHECK(decoder.decode(list, false) == example.string("whole"));
  }
}
