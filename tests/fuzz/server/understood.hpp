// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "embed_server/api_error.hpp"

#include <boost/json/parse.hpp>

#include <cstdlib>
#include <optional>
#include <string_view>

/// What a reader of the embedding server makes of a request, or nothing if it refuses it: with a sentence
/// that can be told in the JSON of every family.
template <class Read>
auto understood(const Read& read) -> std::optional<decltype(read())> {
  using namespace embed_server;
  try {
    return read();
  } catch (const api_error& refusal) {
    if (std::string_view(refusal.what()).empty()) std::abort();
    for (const api_family family : {api_family::openai, api_family::tei, api_family::open_inference})
      boost::json::parse(render(refusal, family).body());
    return std::nullopt;
  }
}
