// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Any body is a request to rank texts or to predict labels, or is refused with a sentence.
#include "embed_server/score_request.hpp"

#include "submitted.hpp"
#include "understood.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace embed_server;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto request = understood([&] { return parse_rerank(body, max_inputs); })) {
    check_list(*request);
    for (const auto& text : request->texts)
      if (request->query.empty() && text.empty()) std::abort();
  }
  if (const auto request = understood([&] { return parse_predict(body, max_inputs); })) {
    check_list(*request);
    if (request->queries.size() != request->texts.size()) std::abort();
    for (std::size_t i = 0; i < request->texts.size(); ++i)
      if (request->queries[i].value_or("").empty() && request->texts[i].empty()) std::abort();
    if (!request->is_list && request->texts.size() != 1) std::abort();
  }
  return 0;
}
