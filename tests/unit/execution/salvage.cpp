// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/salvage.hpp>

#include <support/doctest.hpp>

#include <memory>
#include <numeric>
#include <set>
#include <span>
#include <stdexcept>
#include <vector>

using namespace carpool;
using namespace carpool::execution;
using ints = std::vector<int>;

namespace {

/// What the halves of a failed batch of 0, 1, 2... came to.
struct outcome_of_salvage {
  std::vector<boost::system::error_code> errors;  // success where there is a result
  std::size_t runs = 0;
  std::size_t smallest_misfit = 0;
};

/// `model` throws for batches that it does not like and doubles the others.
template <class Model>
outcome_of_salvage salvaged(int count, Model model, std::size_t runs_allowed = 1000,
                            boost::system::error_code why = error::model_failed) {
  ints inputs(static_cast<std::size_t>(count));
  std::iota(inputs.begin(), inputs.end(), 0);
  const auto functors = make_pipeline<int, int>([&](std::span<const int> batch) {
    model(batch);
    ints results;
    for (const int x : batch) results.push_back(2 * x);
    return results;
  });
  std::vector<boost::system::result<int>> out;
  salvage<int, int> rescue(*functors, runs_allowed);
  rescue.run_halves(inputs, why, out);
  outcome_of_salvage seen{{}, rescue.runs(), rescue.smallest_misfit().count};
  REQUIRE(out.size() == inputs.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    seen.errors.push_back(out[i].has_value() ? boost::system::error_code{} : out[i].error());
    if (out[i].has_value()) CHECK(*out[i] == 2 * inputs[i]);
  }
  return seen;
}

auto refusing(std::set<int> guilty) {
  return [guilty = std::move(guilty)](std::span<const int> batch) {
    for (const int x : batch)
      if (guilty.count(x) > 0) throw boost::system::system_error(error::expired);
  };
}

auto fitting(std::size_t most) {
  return [most](std::span<const int> batch) {
    if (batch.size() > most) throw out_of_memory();
  };
}

std::size_t failures_in(const outcome_of_salvage& seen) {
  std::size_t failed = 0;
  for (const auto& why : seen.errors) failed += why.failed();
  return failed;
}

}  // namespace

TEST_CASE("B9: wherever the guilty one is, only it fails, with its own error, within 2 log2 n runs") {
  for (int guilty = 0; guilty < 32; ++guilty) {
    const auto seen = salvaged(32, refusing({guilty}));
    CHECK(failures_in(seen) == 1);
    CHECK(seen.errors[static_cast<std::size_t>(guilty)] == error::expired);
    CHECK(seen.runs <= 10);
  }
}

TEST_CASE("B9: a batch of any size is searched within 2 log2 n + 1 runs") {
  for (int count = 1; count <= 40; ++count)
    for (int guilty = 0; guilty < count; ++guilty) {
      const auto seen = salvaged(count, refusing({guilty}));
      CHECK(failures_in(seen) == 1);
      std::size_t bound = 1;
      for (int size = 1; size < count; size *= 2) bound += 2;
      CHECK(seen.runs <= bound);
    }
}

TEST_CASE("B9: several guilty ones are all found if there are runs enough") {
  const auto seen = salvaged(16, refusing({0, 7, 8, 15}));
  CHECK(failures_in(seen) == 4);
}

TEST_CASE("B9: when no run is left, the rest fails with what its part failed with") {
  const auto seen = salvaged(8, refusing({0}), 2, error::model_failed);
  CHECK(seen.runs == 2);
  CHECK(failures_in(seen) == 4);
  CHECK(seen.errors[0] == error::expired);
  CHECK(seen.errors[3] == error::expired);
  CHECK_FALSE(seen.errors[4].failed());
}

TEST_CASE("B9: without a run nobody is rescued") {
  const auto seen = salvaged(4, refusing({}), 0, error::model_failed);
  CHECK(seen.runs == 0);
  CHECK(failures_in(seen) == 4);
}

TEST_CASE("a batch that does not fit into memory is halved until it does, whatever the number of runs") {
  const auto seen = salvaged(16, fitting(3), 0, error::out_of_memory);
  CHECK(failures_in(seen) == 0);
  CHECK(seen.runs == 0);
  CHECK(seen.smallest_misfit == 4);
}

TEST_CASE("a request that does not fit alone is the only one that fails") {
  const auto model = [](std::span<const int> batch) {
    for (const int x : batch)
      if (x == 5) throw out_of_memory("5 is too large");
  };
  const auto seen = salvaged(8, model, 0, error::out_of_memory);
  CHECK(failures_in(seen) == 1);
  CHECK(seen.errors[5] == error::out_of_memory);
}

TEST_CASE("results that a failed part has left behind do not stay") {
  int calls = 0;
  const auto functors = make_pipeline<int, int>([&](std::span<const int> batch) {
    return ints(batch.size() + (++calls == 1 ? 1 : 0), 7);  // one too many, the first time
  });
  ints inputs{1, 2, 3, 4};
  std::vector<boost::system::result<int>> out;
  salvage<int, int> rescue(*functors, 100);
  rescue.run_halves(inputs, error::model_failed, out);
  CHECK(out.size() == 4);
}

TEST_CASE("results need not be copyable or assignable") {
  struct sealed {
    explicit sealed(int number) : value(std::make_unique<int>(number)) {}
    const std::unique_ptr<int> value;
    sealed(sealed&& other) noexcept : value(std::make_unique<int>(*other.value)) {}
    sealed() : sealed(0) {}
  };
  const auto functors = make_pipeline<int, sealed>([](std::span<const int> batch) {
    std::vector<sealed> made;
    for (const int x : batch)
      if (x == 2)
        throw std::runtime_error("two");
      else
        made.emplace_back(x);
    return made;
  });
  ints inputs{1, 2, 3};
  std::vector<boost::system::result<sealed>> out;
  salvage<int, sealed>(*functors, 10).run_halves(inputs, error::model_failed, out);
  CHECK(*out[0]->value == 1);
  CHECK(out[1].error() == error::model_failed);
  CHECK(*out[2]->value == 3);
}
