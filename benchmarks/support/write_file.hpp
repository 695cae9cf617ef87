// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <fstream>
#include <stdexcept>
#include <string>

namespace bench {

/// Throws std::runtime_error if the file cannot be written.
inline void write_file(const std::string& path, const std::string& content) {
  std::ofstream out(path);
  if (!(out << content).flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace bench
