// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Any JSON is a request for inference in the Open Inference Protocol, or is refused with a sentence.
#include "embed_server/infer_request.hpp"
#include "submitted.hpp"
#include "understood.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

using namespace embed_server;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto request =
          understood([&] { return parse_infer(body, std::nullopt, max_inputs, "EMBEDDING"); })) {
    check_texts(*request);
    if (request->time_limit && *request->time_limit <= carpool::duration::zero()) std::abort();
  }
  return 0;
}
