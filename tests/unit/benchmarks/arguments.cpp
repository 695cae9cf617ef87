// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/arguments.hpp"

#include <support/doctest.hpp>

#include <cstddef>
#include <initializer_list>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <vector>

namespace {

struct settings {
  std::string model = "some";
  std::size_t texts = 7;
  double share = 0.5;
  bool toy = false;
  std::vector<std::string> files;

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
        .words(files)
        .read(static_cast<int>(pointers.size()), pointers.data());
  }
};

/// What goes to this stream as long as this lives.
class captured {
 public:
  explicit captured(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  captured(const captured&) = delete;
  captured& operator=(const captured&) = delete;
  ~captured() { stream_.rdbuf(before_); }

  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* before_;
};

/// The exit status of "folder/bench_x WORD" whose work is this.
template <class Work>
int status_of(std::string word, Work work) {
  std::string name = "folder/bench_x";
  char* words[] = {name.data(), word.data()};
  return bench::run_benchmark(2, words, "What is it?\n", work);
}

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
                       "--texts is \"0\"; it must be a whole number of at least 1", bench::wrong_argument);
  CHECK_THROWS_WITH_AS(given.read({"--texts", "-3"}),
                       "--texts is \"-3\"; it must be a whole number of at least 1", bench::wrong_argument);
  CHECK_THROWS_WITH_AS(given.read({"--texts", "12x"}),
                       "--texts is \"12x\"; it must be a whole number of at least 1", bench::wrong_argument);
  CHECK_THROWS_WITH_AS(given.read({"--share", "1.5"}), "--share is \"1.5\"; it must be a number from 0 to 1",
                       bench::wrong_argument);
  CHECK_THROWS_WITH_AS(given.read({"--model"}), "--model needs a value", bench::wrong_argument);
  CHECK_THROWS_WITH_AS(given.read({"--text"}),
                       "there is no argument \"--text\"; there are --help --toy --model --share --texts",
                       bench::wrong_argument);
}

TEST_CASE("words that no argument takes are kept in their order, where a benchmark takes such") {
  settings given;
  given.read({"a.txt", "--toy", "b.txt", "--model", "c"});
  CHECK(given.files == std::vector<std::string>{"a.txt", "b.txt"});
  CHECK(given.model == "c");
  std::string word = "7";
  char* words[] = {word.data(), word.data()};
  CHECK_THROWS_WITH_AS(bench::arguments().read(2, words), "there is no argument \"7\"; there are --help",
                       bench::wrong_argument);
}

TEST_CASE("--help prints what the benchmark is for, and runs nothing") {
  const captured out(std::cout);
  CHECK(status_of("--help", [] { FAIL("it runs"); }) == 0);
  CHECK(out.text() == "What is it?\n");
}

TEST_CASE("a benchmark ends with what its work returns, 2 for a wrong argument and 1 for another failure") {
  const captured faults(std::cerr);
  CHECK(status_of("", [] {}) == 0);
  CHECK(status_of("", [] { return 7; }) == 7);
  CHECK(faults.text().empty());
  CHECK(status_of("", [] { throw bench::wrong_argument("--texts is \"x\""); }) == 2);
  CHECK(status_of("", [] { throw std::runtime_error("no model"); }) == 1);
  CHECK(faults.text() == "bench_x: --texts is \"x\"\nbench_x: no model\n");
}
