// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The fast tokeniser equals the one that is written pass by pass, or refuses what is not UTF-8. The first
// byte of the input chooses the settings, the rest is the text.
#include "support/reference_wordpiece.hpp"
#include <carpool/bert/wordpiece.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace carpool::bert;

namespace {

vocabulary tokens() {
  vocabulary result{"[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "the", "##ing", "ab", "##ab", "abc", "sep"};
  for (const auto [first, last] : {unicode::range{0x21, 0x17F},
                                   {0x300, 0x303},
                                   {0x1100, 0x1112},
                                   {0x1161, 0x1175},
                                   {0x4E00, 0x4E08},
                                   {0xF900, 0xF904},
                                   {0x9BE, 0x9D7},
                                   {0x1D157, 0x1D172},
                                   {0x1E000, 0x1E004}}) {
    for (char32_t c = first; c <= last; ++c) {
      char bytes[4];
      char* end = bytes;
      encode_utf8(c, end);
      result.emplace_back(bytes, end);
      result.push_back("##" + result.back());
    }
  }
  return result;
}

struct pair {
  explicit pair(int bits)
      : settings{.lowercase = (bits & 1) != 0,
                 .strip_accents = (bits & 2) != 0,
                 .split_chinese_characters = (bits & 4) != 0} {}

  tokenizer_settings settings;
  wordpiece fast{tokens(), settings, 1'000'000};
  wordpiece cutting{tokens(), settings, 16};
  carpool::test::reference_wordpiece slow{tokens(), settings};
};

/// In the text, each behind or beside the one before it, and none for [CLS] and [SEP].
void check_places(const located_tokens& found, const std::vector<std::int32_t>& ids, std::string_view text) {
  if (found.tokens.ids != ids || found.places.size() != ids.size()) std::abort();
  text_range before;
  for (std::size_t i = 1; i + 1 < ids.size(); ++i) {
    const text_range place = found.places[i];
    if (place.begin >= place.end || place.end > text.size()) std::abort();
    if (place.begin < before.begin || place.end < before.end) std::abort();
    before = place;
  }
  if (found.places.front() != text_range{} || found.places.back() != text_range{}) std::abort();
}

/// `[CLS] pieces [SEP]` twice, in 16 tokens.
std::vector<std::int32_t> cut_pair(const std::vector<std::int32_t>& ids) {
  const std::size_t pieces = ids.size() - 2;
  const auto [first, second] = longest_first(pieces, pieces, 16 - 3);
  std::vector<std::int32_t> result{ids.begin(), ids.begin() + 1 + static_cast<std::ptrdiff_t>(first)};
  result.push_back(ids.back());
  result.insert(result.end(), ids.begin() + 1, ids.begin() + 1 + static_cast<std::ptrdiff_t>(second));
  result.push_back(ids.back());
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<pair> pairs{pair{0}, pair{1}, pair{2}, pair{3},
                                       pair{4}, pair{5}, pair{6}, pair{7}};
  if (size == 0) return 0;
  const pair& chosen = pairs[data[0] % 8];
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  try {
    std::vector<std::int32_t> ids = chosen.fast.encode(text).ids;
    if (ids != chosen.slow.encode(text)) std::abort();
    check_places(chosen.fast.encode_located(text, 1'000'000), ids, text);
    if (chosen.cutting.encode_pair(text, text).ids != cut_pair(ids)) std::abort();
    if (ids.size() > 16) {
      ids.resize(15);
      ids.push_back(2);  // [SEP]
    }
    if (chosen.cutting.encode(text).ids != ids) std::abort();
    chosen.fast.encode(text, {.special_tokens = special_tokens::parse});
  } catch (const boost::system::system_error& fault) {
    if (fault.code() != error::invalid_utf8 || find_invalid_utf8(text) == text.size()) std::abort();
  }
  return 0;
}
