// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embed_server {

/// Who may use the server.
class api_keys {
 public:
  /// Nobody needs a key.
  api_keys() = default;

  /// Reads a file with one client per line: a name and a key of at least 16 characters, or a name and
  /// `sha256:` with the key's digest in 64 hexadecimal digits. Empty lines and those that begin with # do not
  /// count. Throws std::runtime_error with a sentence that names file and line, and no key.
  static api_keys read(const std::filesystem::path& file);

  /// Whether anybody needs a key.
  bool required() const noexcept { return !clients_.empty(); }

  /// A number that stands for the client with this key, not 0; empty if there is none. Takes as long
  /// whichever key it is, and whether it is one.
  std::optional<std::uint64_t> find(std::string_view presented) const;

 private:
  struct client {
    std::string name;
    std::array<unsigned char, 32> digest;  // SHA-256 of the key, which is kept nowhere
  };

  std::vector<client> clients_;
};

}  // namespace embed_server
