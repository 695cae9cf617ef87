// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <stdexcept>
#include <string>

namespace cluster {

enum class wire_fault {
  malformed,        ///< not what its version says
  unknown_version,  ///< written by a program of another release
};

/// A payload that cannot be read.
class wire_error : public std::runtime_error {
 public:
  wire_error(wire_fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}

  wire_fault fault() const noexcept { return fault_; }

 private:
  wire_fault fault_;
};

}  // namespace cluster
