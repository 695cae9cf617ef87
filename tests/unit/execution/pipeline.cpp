// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/pipeline.hpp>

#include <support/doctest.hpp>

#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace carpool;
using namespace carpool::execution;
using ints = std::vector<int>;

namespace {

template <class Functors>
std::vector<boost::system::result<int>> run(Functors functors, ints inputs) {
  std::vector<boost::system::result<int>> results;
  make_pipeline<int, int>(std::move(functors))->run(inputs, results, nullptr);
  return results;
}

template <class Functors>
ints values(Functors functors, ints inputs) {
  ints all;
  for (const auto& result : run(std::move(functors), std::move(inputs))) all.push_back(result.value());
  return all;
}

const auto copy = [](std::span<int> inputs) { return ints(inputs.begin(), inputs.end()); };

}  // namespace

TEST_CASE("collate, model and split are called in this order, each with what the one before returned") {
  const auto collate = [](std::span<int> inputs) { return std::to_string(inputs[0]); };
  const auto model = [](const std::string& batch) { return batch + batch; };
  const auto split = [](std::string result, std::size_t count) {
    CHECK(count == 1);
    return std::list<int>{std::stoi(result)};
  };
  CHECK(values(functor_set{collate, model, split}, {12}) == ints{1212});
}

TEST_CASE("functors may be function objects, functions and pointers to members of the batch") {
  struct batch {
    ints inputs;
    [[nodiscard]] ints twice() const {
      ints all = inputs;
      for (int& x : all) x *= 2;
      return all;
    }
  };
  const auto collate = [](std::span<int> inputs) { return batch{{inputs.begin(), inputs.end()}}; };
  CHECK(values(functor_set{collate, std::mem_fn(&batch::twice)}, {1, 2}) == ints{2, 4});
}

TEST_CASE("functors may be move-only and keep state from batch to batch") {
  auto counter = std::make_unique<int>(0);
  const auto pipeline = make_pipeline<int, int>(
      [counter = std::move(counter)](std::span<int> inputs) { return ints(inputs.size(), ++*counter); });
  std::vector<boost::system::result<int>> results;
  ints inputs{1, 1};
  pipeline->run(inputs, results, nullptr);
  results.clear();
  pipeline->run(inputs, results, nullptr);
  CHECK(results[1].value() == 2);
}

TEST_CASE("a collate may move from the inputs") {
  std::vector<boost::system::result<std::string>> results;
  std::vector<std::string> inputs{"one text that is too long for a small string"};
  const auto pipeline = make_pipeline<std::string, std::string>([](std::span<std::string> texts) {
    return std::vector<std::string>(std::make_move_iterator(texts.begin()),
                                    std::make_move_iterator(texts.end()));
  });
  pipeline->run(inputs, results, nullptr);
  CHECK(results[0].value() == "one text that is too long for a small string");
  CHECK(inputs[0].empty());
}

TEST_CASE("B7: a wrong number of results is an error that says how many there were") {
  const auto complaint_of = [](std::size_t returned, std::size_t expected) -> std::string {
    try {
      run([returned](std::span<int>) { return ints(returned, 0); }, ints(expected, 0));
    } catch (const boost::system::system_error& thrown) {
      CHECK(thrown.code() == error::result_count_mismatch);
      return thrown.what();
    }
    return "none";
  };
  CHECK(complaint_of(2, 2) == "none");
  CHECK(complaint_of(1, 2).find("1 results for 2 requests") != std::string::npos);
  CHECK(complaint_of(0, 3).find("0 results for 3 requests") != std::string::npos);
  CHECK(complaint_of(9, 2).find("9 results for 2 requests") != std::string::npos);
}

TEST_CASE("what a functor throws passes through") {
  const auto breaks = [](std::span<int>) -> ints { throw std::out_of_range("row 7"); };
  CHECK_THROWS_WITH_AS(run(breaks, {1}), "row 7", std::out_of_range);
}

TEST_CASE("functors are copied for every lane but the last, which gets the original") {
  struct counted {
    explicit counted(std::vector<std::string>& log_) : log(&log_) {}
    counted(const counted& other) : log(other.log) { log->emplace_back("copy"); }
    counted(counted&&) noexcept = default;
    ints operator()(std::span<int> inputs) const { return copy(inputs); }
    std::vector<std::string>* log;
  };
  std::vector<std::string> log;
  const auto make = make_pipeline_factory<int, int>(counted(log), 3);
  const auto first = make(0);
  CHECK(log.size() == 1);
  const auto second = make(1);
  CHECK(log.size() == 2);
  const auto third = make(2);
  CHECK(log.size() == 2);
}

TEST_CASE("functors that cannot be copied serve one lane") {
  const auto functors = [] {
    return [owned = std::make_unique<int>(1)](std::span<int> inputs) { return copy(inputs); };
  };
  const auto make = make_pipeline_factory<int, int>(functors(), 1);
  CHECK(make(0) != nullptr);
  CHECK_THROWS_AS(static_cast<void>(make_pipeline_factory<int, int>(functors(), 2)), std::invalid_argument);
}

TEST_CASE("a lane factory is asked for every lane") {
  std::vector<std::size_t> asked;
  const auto make = make_pipeline_factory<int, int>(
      [&](std::size_t lane) {
        asked.push_back(lane);
        return [lane](std::span<int> inputs) { return ints(inputs.size(), static_cast<int>(lane)); };
      },
      2);
  const auto first = make(0);
  const auto second = make(1);
  CHECK(asked == std::vector<std::size_t>{0, 1});
  std::vector<boost::system::result<int>> results;
  ints inputs{5};
  second->run(inputs, results, nullptr);
  CHECK(results[0].value() == 1);
}

TEST_CASE("with a stopwatch each step has its time, and a single callable is all model") {
  static int ticks;
  ticks = 0;
  stopwatch::clock clock = [] { return time_point{} + std::chrono::milliseconds{ticks}; };
  const auto pass = [](int time, auto step) {
    return [time, step](auto... given) {
      ticks += time;
      return step(given...);
    };
  };
  const auto same = [](ints batch) { return batch; };
  ints inputs{1, 2};
  std::vector<boost::system::result<int>> results;
  stopwatch watch(clock);
  make_pipeline<int, int>(
      functor_set{pass(1, copy), pass(20, same), pass(300, [](ints batch, std::size_t) { return batch; })})
      ->run(inputs, results, &watch);
  CHECK(watch.times().collate == std::chrono::milliseconds{1});
  CHECK(watch.times().model == std::chrono::milliseconds{20});
  CHECK(watch.times().split == std::chrono::milliseconds{300});
  stopwatch whole(clock);
  make_pipeline<int, int>(pass(4, copy))->run(inputs, results, &whole);
  CHECK(whole.times().model == std::chrono::milliseconds{4});
}
