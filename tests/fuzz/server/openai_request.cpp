// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Any body is a request in OpenAI's form, or is refused with a sentence.
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
  if (const auto request = understood([&] { return parse_openai(body, max_inputs); })) {
    check_texts(*request);
    if (request->form != answer_form::openai_floats && request->form != answer_form::openai_base64)
      std::abort();
  }
  return 0;
}
