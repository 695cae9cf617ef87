// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"
#include <carpool/bert/error.hpp>

#include <string>

namespace carpool::test {

/// The sentence with which `read()` refuses a file of this folder, without the folder's name; or "accepted".
template <class Read>
std::string refusal_in(const temporary_folder& folder, Read read) {
  try {
    read();
  } catch (const bert::load_error& fault) {
    const std::string sentence = fault.what();
    const std::string place = folder.path().string() + "/";
    REQUIRE(sentence.starts_with(place));
    return sentence.substr(place.size());
  }
  return "accepted";
}

}  // namespace carpool::test
