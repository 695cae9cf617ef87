// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdio>

namespace bench {

/// A line on stderr that says how far a long run is: `done` of `all`, from 1 on, and nothing once that is
/// all.
inline void show_progress(const char* what, std::size_t done, std::size_t all) {
  if (100 * done / all != 100 * (done - 1) / all) std::fprintf(stderr, "\r%s %zu of %zu ", what, done, all);
  if (done == all) std::fprintf(stderr, "\r%40s\r", "");
}

}  // namespace bench
