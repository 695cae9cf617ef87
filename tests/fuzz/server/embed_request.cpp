// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Any body is a request for embeddings, for the vectors of tokens or for similarities, or is refused with a
// sentence.
#include "embed_server/embed_request.hpp"

#include "submitted.hpp"
#include "understood.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace embed_server;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto request = understood([&] { return parse_embed(body, max_inputs); })) {
    check_texts(*request);
    if (request->dimensions == 0) std::abort();
    if (request->form == answer_form::object && request->texts.size() != 1) std::abort();
  }
  if (const auto request = understood([&] { return parse_embed_all(body, max_inputs); }))
    check_texts(*request);
  if (const auto request = understood([&] { return parse_similarity(body, max_inputs); })) {
    check_texts(*request);
    if (request->texts.size() < 2) std::abort();
  }
  return 0;
}
