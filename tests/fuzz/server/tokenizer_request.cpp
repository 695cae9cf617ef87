// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Any body is a request to tokenise texts or to decode ids, or is refused with a sentence.
#include "embed_server/tokenizer_request.hpp"

#include "submitted.hpp"
#include "understood.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace embed_server;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto request = understood([&] { return parse_tokenize(body, max_inputs); }))
    check_texts(*request);
  constexpr std::size_t max_ids = 20;
  if (const auto request = understood([&] { return parse_decode(body, max_inputs, max_ids); })) {
    if (request->ids.empty() || request->ids.size() > max_inputs) std::abort();
    std::size_t count = 0;
    for (const auto& ids : request->ids) {
      if (ids.empty()) std::abort();
      count += ids.size();
      for (const std::int32_t id : ids)
        if (id < 0) std::abort();
    }
    if (count > max_ids) std::abort();
  }
  return 0;
}
