// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A request's text may be megabytes without a space.

#include "counting_new.hpp"
#include <carpool/bert/wordpiece.hpp>

#include <support/doctest.hpp>

#include <cstddef>
#include <string>

using namespace carpool::bert;

TEST_CASE("a word takes no more memory when it is longer than any token, also where places are asked for") {
  const wordpiece tokenizer{{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "e"}, {}, 16};
  const auto count = [&](std::size_t length) {
    const std::string word(length, 'e');
    const std::size_t before = carpool::test::allocations();
    const located_tokens found = tokenizer.encode_located(word, 16);
    const std::size_t after = carpool::test::allocations();
    CHECK(found.places[1] == text_range{0, length});
    return after - before;
  };
  CHECK(count(100'000) == count(word_buffer::max_characters + 1));
}
