// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/concepts.hpp>
#include <carpool/execution/pipeline.hpp>
#include <carpool/with_work.hpp>

#include <support/doctest.hpp>

#include <span>
#include <string>
#include <vector>

using namespace carpool;
using sizes = std::vector<std::size_t>;

namespace {

const auto lengths = [](std::span<const std::string> texts) {
  sizes all;
  for (const std::string& text : texts) all.push_back(text.size());
  return all;
};
const auto length = [](const std::string& text) { return text.size(); };

template <class Functors>
sizes run(Functors functors, std::vector<std::string> inputs) {
  std::vector<boost::system::result<std::size_t>> results;
  execution::make_pipeline<std::string, std::size_t>(std::move(functors))->run(inputs, results, nullptr);
  sizes values;
  for (const auto& each : results) values.push_back(*each);
  return values;
}

}  // namespace

TEST_CASE("functors with work are the same functors, and say what a request costs") {
  const with_work weighed{lengths, length};
  static_assert(knows_work<decltype(weighed), std::string>);
  CHECK(weighed.work("abc") == 3);
  CHECK(run(weighed, {"a", "bcd"}) == sizes{1, 3});
}

TEST_CASE("a functor set without a split stays one") {
  const auto model = [](sizes batch) { return batch; };
  CHECK(run(with_work{functor_set{lengths, model}, length}, {"ab"}) == sizes{2});
}

TEST_CASE("functors that can be run again still can, and a lane factory stays one") {
  const auto factory = [](std::size_t) { return lengths; };
  using weighed = with_work<std::decay_t<decltype(lengths)>, decltype(length)>;
  static_assert(execution::rerun_of<weighed, std::string>() == execution::rerun::as_they_are);
  static_assert(lane_factory<with_work<std::decay_t<decltype(factory)>, decltype(length)>, std::string>);
}

TEST_CASE("plain functors know of no work") { static_assert(!knows_work<decltype(lengths), std::string>); }
