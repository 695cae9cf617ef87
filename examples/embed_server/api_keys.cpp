// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "api_keys.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <new>
#include <sstream>
#include <stdexcept>

namespace embed_server {
namespace {

using key_digest = std::array<unsigned char, 32>;

constexpr std::string_view digest_prefix = "sha256:";
constexpr std::size_t shortest_key = 16;

[[noreturn]] void refuse(const std::filesystem::path& file, std::size_t line, const std::string& why) {
  throw std::runtime_error(file.string() + ", line " + std::to_string(line) + ": " + why);
}

std::optional<key_digest> parse_digest(std::string_view digits) {
  key_digest digest;
  if (digits.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char* const first = digits.data() + 2 * i;
    if (std::from_chars(first, first + 2, digest[i], 16).ptr != first + 2) return std::nullopt;
  }
  return digest;
}

key_digest digest_of(std::string_view key) {
  key_digest digest;
  if (EVP_Digest(key.data(), key.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc();
  return digest;
}

}  // namespace

api_keys api_keys::read(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file.string() + " cannot be read");
  api_keys keys;
  std::string text;
  for (std::size_t line = 1; std::getline(in, text); ++line) {
    std::istringstream words(text);
    std::string name, key, more;
    if (!(words >> name) || name.starts_with('#')) continue;
    if (!(words >> key) || words >> more) refuse(file, line, "must be a name and a key");
    const bool hashed = key.starts_with(digest_prefix);
    if (!hashed && key.size() < shortest_key)
      refuse(file, line, "the key must have at least " + std::to_string(shortest_key) + " characters");
    const auto digest = hashed ? parse_digest(std::string_view(key).substr(digest_prefix.size()))
                               : std::optional(digest_of(key));
    if (!digest) refuse(file, line, "sha256: must be followed by 64 hexadecimal digits");
    for (const client& other : keys.clients_) {
      if (other.name == name) refuse(file, line, "the name " + name + " is given more than once");
      if (other.digest == *digest) refuse(file, line, "has the key of " + other.name);
    }
    keys.clients_.push_back({name, *digest});
  }
  if (!keys.required())
    throw std::runtime_error(file.string() + " holds no keys, so nobody could use the server");
  return keys;
}

std::optional<std::uint64_t> api_keys::find(std::string_view presented) const {
  const key_digest digest = digest_of(presented);
  const client* found = nullptr;
  for (const client& known : clients_)
    if (CRYPTO_memcmp(known.digest.data(), digest.data(), digest.size()) == 0) found = &known;
  if (found == nullptr) return std::nullopt;
  return std::hash<std::string>{}(found->name) | 1;  // the same after the file has been read again
}

}  // namespace embed_server
