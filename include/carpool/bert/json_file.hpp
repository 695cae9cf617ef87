// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/error.hpp>
#include <carpool/bert/json_reader.hpp>
#include <carpool/bert/mapped_file.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace carpool::bert {

/// One object of a JSON configuration file, with its place in the file for error sentences. A field that is
/// null counts as absent, as in Python's `config.get(name)`.
class json_section {
 public:
  json_section(const json_value& value, std::string place) : value_{&value}, place_{std::move(place)} {
    value.as_object(place_);
  }

  /// The field, or nullptr when it is absent or null.
  const json_value* find(std::string_view field) const {
    const json_value* found = value_->find(field);
    return found == nullptr || found->is_null() ? nullptr : found;
  }

  /// The field. Throws `load_error` when it is absent.
  const json_value& at(std::string_view field) const {
    if (const json_value* found = find(field)) return *found;
    throw load_error{subject(field) + " is missing"};
  }

  json_section section(std::string_view field) const { return {at(field), subject(field)}; }
  const std::string& string(std::string_view field) const { return at(field).as_string(subject(field)); }

  std::string string_or(std::string_view field, std::string_view otherwise) const {
    return find(field) == nullptr ? std::string{otherwise} : string(field);
  }

  std::optional<bool> boolean(std::string_view field) const {
    const json_value* found = find(field);
    return found == nullptr ? std::nullopt : std::optional{found->as_bool(subject(field))};
  }

  /// An integer from 1 to `largest`.
  std::int64_t size(std::string_view field, std::int64_t largest) const {
    const std::int64_t result = at(field).as_integer(subject(field));
    if (result >= 1 && result <= largest) return result;
    throw load_error{subject(field) + " is " + std::to_string(result) + ", but must be from 1 to " +
                     std::to_string(largest)};
  }

  /// Throws `load_error`: "FILE: FIELD is "VALUE", carpool supports SUPPORTED".
  [[noreturn]] void refuse(std::string_view field, std::string_view value, std::string_view supported) const {
    throw load_error{subject(field) + " is " + in_quotes(value) + ", carpool supports " +
                     std::string{supported}};
  }

  std::string subject(std::string_view field) const { return place_ + ": " + std::string{field}; }
  const std::string& place() const { return place_; }
  const json_value& value() const { return *value_; }

 private:
  const json_value* value_;
  std::string place_;
};

/// A JSON file read into memory.
class json_file {
 public:
  /// Throws `load_error` when the file cannot be read or is not strict JSON.
  explicit json_file(const std::filesystem::path& path)
      : name_{path.string()}, value_{json_reader::read(mapped_file{path}.text(), name_)} {}

  /// None where there is nothing of that name. A link that leads nowhere is there, and cannot be read.
  static std::optional<json_file> if_present(const std::filesystem::path& path) {
    return exists(symlink_status(path)) ? std::optional<json_file>{path} : std::nullopt;
  }

  /// The whole file as an object; valid as long as this file object lives.
  json_section root() const { return {value_, name_}; }
  const json_value& value() const { return value_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  json_value value_;
};

}  // namespace carpool::bert
