// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "api_keys.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace embed_server {
namespace {

constexpr std::string_view digest_prefix = "sha256:";
constexpr std::size_t shortest_key = 16;

[[noreturn]] void refuse_key(const std::string& why) { throw std::invalid_argument(why); }

std::optional<key_digest> parse_digest(std::string_view digits) {
  key_digest digest;
  if (digits.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char* const first = digits.data() + 2 * i;
    if (std::from_chars(first, first + 2, digest[i], 16).ptr != first + 2) return std::nullopt;
  }
  return digest;
}

key_digest read_key(const std::string& key) {
  if (key.starts_with(digest_prefix)) {
    const auto digest = parse_digest(std::string_view(key).substr(digest_prefix.size()));
    if (!digest) refuse_key("sha256: must be followed by 64 hexadecimal digits");
    return *digest;
  }
  if (key.size() < shortest_key)
    refuse_key("the key must have at least " + std::to_string(shortest_key) + " characters");
  return digest_of(key);
}

// What may follow a key in its line.
void read_setting(api_client& client, std::string_view word) {
  if (word == "admin") {
    if (std::exchange(client.admin, true)) refuse_key("admin is given more than once");
    return;
  }
  const std::string name(word.substr(0, word.find('=')));
  std::optional<std::uint32_t>* const value = name == "requests_per_minute" ? &client.rates.requests
                                              : name == "tokens_per_minute" ? &client.rates.tokens
                                              : name == "weight"            ? &client.weight
                                                                            : nullptr;
  if (value == nullptr)
    refuse_key("what follows a key must be admin, weight=N, requests_per_minute=N or tokens_per_minute=N");
  if (*value) refuse_key(name + " is given more than once");
  const auto digits = word.substr(std::min(word.size(), name.size() + 1));
  const char* const end = digits.data() + digits.size();
  std::uint32_t number = 0;
  const auto [rest, ec] = std::from_chars(digits.data(), end, number);
  if (ec != std::errc{} || rest != end || number == 0)
    refuse_key(name + " must be a whole number from 1 to " + std::to_string(UINT32_MAX));
  *value = number;
}

}  // namespace

api_keys api_keys::read(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(file.string() + " cannot be read");
  api_keys keys;
  std::string text;
  for (std::size_t line = 1; std::getline(in, text); ++line) {
    std::istringstream words(text);
    std::string name;
    if (!(words >> name) || name.starts_with('#')) continue;
    try {
      keys.add(name, words);
    } catch (const std::invalid_argument& error) {
      throw std::runtime_error(file.string() + ", line " + std::to_string(line) + ": " + error.what());
    }
  }
  if (in.bad()) throw std::runtime_error(file.string() + " cannot be read");
  if (!keys.required())
    throw std::runtime_error(file.string() + " holds no keys, so nobody could use the server");
  return keys;
}

// The words after the name in a client's line.
void api_keys::add(const std::string& name, std::istream& words) {
  std::string key;
  if (!(words >> key)) refuse_key("must be a name and a key");
  const key_digest digest = read_key(key);
  for (const auto& [other, others_digest] : clients_) {
    if (other.name == name) refuse_key("the name " + name + " is given more than once");
    if (others_digest == digest) refuse_key("has the key of " + other.name);
  }
  // The same number after the file has been read again, and not 0.
  api_client client{.id = std::hash<std::string>{}(name) | 1, .name = name};
  for (std::string setting; words >> setting;) read_setting(client, setting);
  clients_.push_back({std::move(client), digest});
}

const api_client* api_keys::find(const key_digest& presented) const {
  const api_client* found = nullptr;
  for (const entry& known : clients_)
    if (equal(known.digest, presented)) found = &known.client;
  return found;
}

std::vector<std::uint64_t> api_keys::ids() const {
  std::vector<std::uint64_t> ids;
  for (const entry& known : clients_) ids.push_back(known.client.id);
  return ids;
}

std::function<double(std::uint64_t)> api_keys::weights() const {
  std::unordered_map<std::uint64_t, double> weights;
  for (const entry& known : clients_) weights.emplace(known.client.id, known.client.weight.value_or(1));
  return [weights = std::move(weights)](std::uint64_t id) {
    const auto found = weights.find(id);
    return found == weights.end() ? 1.0 : found->second;
  };
}

}  // namespace embed_server
