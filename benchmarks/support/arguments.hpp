// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <charconv>
#include <concepts>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace bench {

/// What somebody has given wrongly on the command line; the sentence names the argument.
struct wrong_argument : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// The command line of a benchmark: names that begin with "--", each with a value behind it unless it is a
/// switch. What is not given keeps the value that its variable has.
class arguments {
 public:
  /// `--name` sets `target` to true.
  arguments& flag(const std::string& name, bool& target) {
    switches_[name] = &target;
    return *this;
  }

  /// `--name VALUE`, any text.
  arguments& option(const std::string& name, std::string& target) {
    values_[name] = [&target](const std::string& value) { target = value; };
    return *this;
  }

  arguments& option(const std::string& name, std::filesystem::path& target) {
    values_[name] = [&target](const std::string& value) { target = value; };
    return *this;
  }

  /// `--name VALUE`, a number from `least` to `most`.
  template <class Number>
  requires std::is_arithmetic_v<Number> arguments& option(const std::string& name, Number& target,
                                                          Number least,
                                                          Number most = std::numeric_limits<Number>::max()) {
    values_[name] = [=, &target](const std::string& value) {
      Number number{};
      const char* const end = value.data() + value.size();
      const auto [rest, fault] = std::from_chars(value.data(), end, number);
      if (fault != std::errc{} || rest != end || !(number >= least && number <= most))
        throw wrong_argument{name + " is \"" + value + "\"; it must be " + range(least, most)};
      target = number;
    };
    return *this;
  }

  /// Words that do not begin with "--" and are nobody's value.
  arguments& words(std::vector<std::string>& target) {
    words_ = &target;
    return *this;
  }

  /// Throws wrong_argument with a sentence that names the argument, its value, and what it may be.
  void read(int argc, char** argv) const {
    for (int i = 1; i < argc; ++i) {
      const std::string name = argv[i];
      if (const auto found = switches_.find(name); found != switches_.end()) {
        *found->second = true;
        continue;
      }
      if (words_ != nullptr && !name.starts_with("--")) {
        words_->push_back(name);
        continue;
      }
      const auto found = values_.find(name);
      if (found == values_.end())
        throw wrong_argument{"there is no argument \"" + name + "\"; there are --help" + names()};
      if (i + 1 == argc) throw wrong_argument{name + " needs a value"};
      found->second(argv[++i]);
    }
  }

 private:
  template <class Number>
  static std::string range(Number least, Number most) {
    const std::string kind = std::is_integral_v<Number> ? "a whole number" : "a number";
    if (most == std::numeric_limits<Number>::max()) return kind + " of at least " + text(least);
    return kind + " from " + text(least) + " to " + text(most);
  }

  template <class Number>
  static std::string text(Number number) {
    char digits[32];
    return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
  }

  std::string names() const {
    std::string all;
    for (const auto& each : switches_) all += " " + each.first;
    for (const auto& each : values_) all += " " + each.first;
    return all;
  }

  std::map<std::string, bool*> switches_;
  std::map<std::string, std::function<void(const std::string&)>> values_;
  std::vector<std::string>* words_ = nullptr;
};

/// The main function of a benchmark: calls `work()`, which reads the arguments and returns the exit status or
/// nothing. With --help it prints `usage` instead. A wrong argument ends the program with status 2, any other
/// exception with 1, and a sentence on the error stream.
template <std::invocable Work>
int run_benchmark(int argc, char** argv, std::string_view usage, Work work) try {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view{argv[i]} != "--help") continue;
    std::cout << usage;
    return EXIT_SUCCESS;
  }
  if constexpr (std::is_void_v<std::invoke_result_t<Work>>)
    return work(), EXIT_SUCCESS;
  else
    return work();
} catch (const std::exception& fault) {
  std::cerr << std::filesystem::path(argv[0]).filename().string() << ": " << fault.what() << '\n';
  return dynamic_cast<const wrong_argument*>(&fault) != nullptr ? 2 : EXIT_FAILURE;
}

}  // namespace bench
