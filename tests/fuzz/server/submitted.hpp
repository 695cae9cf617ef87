// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "embed_server/submitted_texts.hpp"

#include <cstddef>
#include <cstdlib>

inline constexpr std::size_t max_inputs = 16;

/// What holds for the number of texts of every request that was understood, and for their names.
inline void check_list(const embed_server::submitted_texts& request) {
  if (request.texts.empty() || request.texts.size() > max_inputs) std::abort();
  for (std::size_t i = 0; i < request.texts.size(); ++i)
    if (name_of_text(request, i).empty()) std::abort();
}

/// The same where there are no pairs, so that no text is empty.
inline void check_texts(const embed_server::submitted_texts& request) {
  check_list(request);
  for (const auto& text : request.texts)
    if (text.empty()) std::abort();
}
