// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "key_digest.hpp"
#include "rate_limiter.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace embed_server {

/// Somebody who uses the server.
struct api_client {
  std::uint64_t id = 0;  ///< stands for the client, also after the keys have been read again; 0 without a key
  std::string name = {};  ///< for people; empty without a key
  rate_limits rates = {};
  std::optional<std::uint32_t> weight = {};  ///< its share of the model in proportion to others'; else 1
  bool admin = false;                        ///< whether it may ask for what is for those who run the server
};

/// Who may use the server.
class api_keys {
 public:
  /// Nobody needs a key.
  api_keys() = default;

  /// Reads a file with one client per line: a name and a key of at least 16 characters, or a name and
  /// `sha256:` with the key's digest in 64 hexadecimal digits; then, in any order, `admin` for those who run
  /// the server, `weight=N` for a share of the model that is not 1, and `requests_per_minute=N` and
  /// `tokens_per_minute=N` for limits of its own. Empty lines and those that begin with # do not count.
  /// Throws std::runtime_error with a sentence that names file and line, and no key.
  static api_keys read(const std::filesystem::path& file);

  /// Whether anybody needs a key.
  bool required() const noexcept { return !clients_.empty(); }

  /// The client with this key, or null. Takes as long whichever key it is, and whether it is one. Valid until
  /// these keys change.
  const api_client* find(const key_digest& presented) const;

  /// The numbers of all clients.
  std::vector<std::uint64_t> ids() const;

  /// The weight of each client by its number, and 1 for other numbers: `carpool::options::key_weight`.
  std::function<double(std::uint64_t)> weights() const;

 private:
  void add(const std::string& name, std::istream& words);

  struct entry {
    api_client client;
    key_digest digest;
  };

  std::vector<entry> clients_;
};

}  // namespace embed_server
