// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "wire_error.hpp"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace cluster {

static_assert(std::endian::native == std::endian::little, "numbers travel in the byte order of memory");

/// Appends numbers, little-endian, and bytes with their length before them.
class byte_writer {
 public:
  template <std::integral Number>
  void number(Number value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  /// The length as a Length, which must be large enough.
  template <std::unsigned_integral Length>
  void text(std::string_view value) {
    number(static_cast<Length>(value.size()));
    bytes_ += value;
  }

  void raw(const void* data, std::size_t size) { bytes_.append(static_cast<const char*>(data), size); }

  std::string release() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what a byte_writer wrote, or whatever somebody else did. Throws wire_error (malformed) where the
/// bytes end too early or too late.
class byte_reader {
 public:
  explicit byte_reader(std::string_view bytes) noexcept : rest_(bytes) {}

  template <std::integral Number>
  Number number() {
    Number value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  template <std::unsigned_integral Length>
  std::string_view text() {
    return take(number<Length>());
  }

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) throw wire_error{wire_fault::malformed, "the payload ends too early"};
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  void expect_end() const {
    if (!rest_.empty()) throw wire_error{wire_fault::malformed, "the payload has bytes behind its end"};
  }

 private:
  std::string_view rest_;
};

}  // namespace cluster
