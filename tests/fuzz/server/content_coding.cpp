// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Any bytes are a compressed body, or are refused with a sentence; never more than the limit comes out, and
// what does is the same in pieces of any size.
#include "embed_server/content_coding.hpp"

#include "understood.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

using namespace embed_server;

namespace {

constexpr std::uint64_t limit = 10'000;

std::optional<std::string> decoded(std::string_view compressed, std::size_t piece) {
  return understood([&] {
    body_decoder decoder(compressed, limit);
    while (decoder.decode_some(piece)) {
    }
    return decoder.release();
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view compressed(reinterpret_cast<const char*>(data), size);
  const auto whole = decoded(compressed, limit);
  if (whole && whole->size() > limit) std::abort();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{100}})
    if (decoded(compressed, piece) != whole) std::abort();
  return 0;
}
