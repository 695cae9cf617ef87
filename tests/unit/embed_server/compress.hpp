// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>

namespace carpool::test {

enum class coding { gzip, deflate };

/// What a client sends with this Content-Encoding.
inline std::string compress(std::string text, coding with) {
  z_stream state{};
  const int window = 15 + (with == coding::gzip ? 16 : 0);
  if (deflateInit2(&state, Z_BEST_COMPRESSION, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib");
  std::string result(deflateBound(&state, text.size()), '\0');
  state.next_in = reinterpret_cast<Bytef*>(text.data());
  state.avail_in = static_cast<uInt>(text.size());
  state.next_out = reinterpret_cast<Bytef*>(result.data());
  state.avail_out = static_cast<uInt>(result.size());
  const bool done = deflate(&state, Z_FINISH) == Z_STREAM_END;
  result.resize(state.total_out);
  deflateEnd(&state);
  if (!done) throw std::runtime_error("zlib");
  return result;
}

}  // namespace carpool::test
