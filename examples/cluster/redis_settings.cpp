// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "redis_settings.hpp"

#include <fstream>
#include <stdexcept>

namespace cluster {

std::string redis_settings::password() const {
  if (password_file.empty()) return {};
  std::ifstream in{password_file};
  std::string first_line;
  std::getline(in, first_line);
  if (first_line.ends_with('\r')) first_line.pop_back();
  if (!in || first_line.empty())
    throw std::runtime_error("--redis-password-file: " + password_file + " cannot be read or is empty");
  return first_line;
}

}  // namespace cluster
