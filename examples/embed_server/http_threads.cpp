// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "http_threads.hpp"

#include <algorithm>

namespace embed_server {

std::size_t choose_http_threads(std::size_t asked, bool on_gpu, std::size_t cores) {
  if (asked != 0) return asked;
  return on_gpu ? std::clamp<std::size_t>(cores / 2, 1, 8) : 1;
}

}  // namespace embed_server
