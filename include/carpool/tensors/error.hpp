// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>

#include <string>
#include <type_traits>

namespace carpool::tensors {

/// Why one tensor was not given to the model. Its batch mates are not affected.
enum class error {
  no_tensor = 1,  ///< an undefined tensor
  wrong_type,     ///< another element type, device or layout than the model takes
  wrong_shape,    ///< another number of dimensions, or other sizes
  no_rows,        ///< nothing along the dimension that may differ
};

/// The category of `tensors::error`, named "carpool.tensors".
class error_category_type final : public boost::system::error_category {
 public:
  /// Equal to every other instance, as a carpool::error_category.
  constexpr error_category_type() noexcept : boost::system::error_category(0x65e19b111084b12f) {}

  const char* name() const noexcept override { return "carpool.tensors"; }

  std::string message(int value) const override {
    switch (static_cast<error>(value)) {
      case error::no_tensor:
        return "there is no tensor in the request";
      case error::wrong_type:
        return "the tensor's element type, device or layout is not the one that the model takes";
      case error::wrong_shape:
        return "the tensor's shape is not the one that the model takes";
      case error::no_rows:
        return "the tensor's first dimension is 0";
    }
    return "unknown carpool.tensors error " + std::to_string(value);
  }
};

inline const boost::system::error_category& error_category() noexcept {
  static const error_category_type category;
  return category;
}

/// Found by argument-dependent lookup, so that `error_code code = tensors::error::wrong_shape` works.
inline boost::system::error_code make_error_code(error value) noexcept {
  return {static_cast<int>(value), error_category()};
}

}  // namespace carpool::tensors

template <>
struct boost::system::is_error_code_enum<carpool::tensors::error> : std::true_type {};
