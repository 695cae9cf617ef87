// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/arguments.hpp"

#include <support/doctest.hpp>

#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct settings {
  std::string model = "some";
  std::size_t texts = 7;
  double share = 0.5;
  bool toy = false;

  void read(std::initializer_list<const char*> words) {
    std::vector<std::string> copies{"program"};
    copies.insert(copies.end(), words.begin(), words.end());
    std::vector<char*> pointers;
    for (std::string& word : copies) pointers.push_back(word.data());
    bench::arguments()
        .option("--model", model)
        .option("--texts", texts, std::size_t{1})
        .option("--share", share, 0.0, 1.0)
        .flag("--toy", toy)
        .read(static_cast<int>(pointers.size()), pointers.data());
  }
};

}  // namespace

TEST_CASE("a benchmark's arguments set what they name and leave the rest as it is") {
  settings given;
  given.read({});
  CHECK(given.model == "some");
  CHECK(given.texts == 7);
  CHECK_FALSE(given.toy);
  given.read({"--texts", "12", "--toy", "--share", "0.25"});
  CHECK(given.texts == 12);
  CHECK(given.share == 0.25);
  CHECK(given.toy);
  CHECK(given.model == "some");
}

TEST_CASE("a wrong argument of a benchmark is refused with its name, its value and what it may be") {
  settings given;
  CHECK_THROWS_WITH_AS(given.read({"--texts", "0"}),
                       "--texts is \"0\"; it must be a whole number of at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(given.read({"--texts", "-3"}),
                       "--texts is \"-3\"; it must be a whole number of at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(given.read({"--texts", "12x"}),
                       "--texts is \"12x\"; it must be a whole number of at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(given.read({"--share", "1.5"}), "--share is \"1.5\"; it must be a number from 0 to 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(given.read({"--model"}), "--model needs a value", std::invalid_argument);
  CHECK_THROWS_WITH_AS(given.read({"--text"}),
                       "there is no argument \"--text\"; there are --toy --model --share --texts",
                       std::invalid_argument);
}
