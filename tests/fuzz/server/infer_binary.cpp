// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Any bytes are a request for inference with binary tensors behind its JSON, or are refused with a sentence.
// The first two bytes of the input are what the header says of the JSON's size.
#include "embed_server/infer_request.hpp"
#include "submitted.hpp"
#include "understood.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace embed_server;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t json_size = data[0] | static_cast<std::size_t>(data[1]) << 8;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (const auto request =
          understood([&] { return parse_infer(body, json_size, max_inputs, "EMBEDDING"); })) {
    check_texts(*request);
    std::size_t bytes = 0;
    for (const auto& text : request->texts) bytes += text.size();
    if (bytes > body.size()) std::abort();  // nothing comes from beyond the body
  }
  return 0;
}
