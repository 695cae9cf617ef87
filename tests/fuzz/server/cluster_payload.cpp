// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Any bytes from the queue are a request or a reply, which is then written as the very same bytes, or are
// refused with a sentence. The description of a model likewise, but its JSON may be written in another way.
#include "cluster/model_card.hpp"
#include "cluster/text_reply.hpp"
#include "cluster/text_request.hpp"
#include "cluster/wire_error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace {

template <class Parse>
void check_codec(std::string_view payload, Parse parse) {
  try {
    if (encode(parse(payload)) != payload) std::abort();
  } catch (const cluster::wire_error& error) {
    if (*error.what() == '\0') std::abort();
  }
}

void check_card(std::string_view text) {
  try {
    const auto card = cluster::parse_model_card(text);
    if (cluster::parse_model_card(to_json(card)) != card) std::abort();
  } catch (const std::runtime_error& error) {
    if (*error.what() == '\0') std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  check_codec(payload, cluster::parse_text_request);
  check_codec(payload, cluster::parse_text_reply);
  check_card(payload);
  return 0;
}
