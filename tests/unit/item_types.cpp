// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// B28: what In and Out may be.

#include <carpool/carpool.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/result.hpp>

#include <support/doctest.hpp>
#include <support/replies.hpp>
#include <support/virtual_world.hpp>

#include <any>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace carpool;
using namespace carpool::test;

namespace {

/// A request that cannot be assigned, made from nothing, or copied.
class ticket {
 public:
  explicit ticket(int number) : number_(number) {}
  ticket(ticket&&) noexcept = default;
  ticket& operator=(ticket&&) = delete;
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  const int number_;
};

/// Throws when it is moved for the `moves_left`th time.
struct slippery {
  explicit slippery(int value_, int moves_left_) : value(value_), moves_left(moves_left_) {}
  slippery(slippery&& other) : value(other.value), moves_left(other.moves_left - 1) {
    if (moves_left == 0) throw std::runtime_error("slipped");
  }
  int value;
  int moves_left;
};

std::vector<int> values_of(std::span<slippery> inputs) {
  std::vector<int> values;
  for (const auto& input : inputs) values.push_back(input.value);
  return values;
}

}  // namespace

TEST_CASE("B28: In and Out may be move-only") {
  virtual_world world;
  using pointer = std::unique_ptr<int>;
  virtual_batcher<pointer, pointer> batcher(world.callers, world.running_here(),
                                            [](std::span<pointer> inputs) {
                                              std::vector<pointer> results;
                                              for (auto& input : inputs) results.push_back(std::move(input));
                                              return results;
                                            });
  pointer result;
  batcher.async_submit(std::make_unique<int>(7),
                       [&](boost::system::error_code, pointer value) { result = std::move(value); });
  std::vector<pointer> many;
  many.push_back(std::make_unique<int>(8));
  many.push_back(std::make_unique<int>(9));
  std::vector<pointer> results;
  batcher.async_submit_many(std::move(many), [&](boost::system::error_code, std::vector<pointer> values) {
    results = std::move(values);
  });
  world.settle();
  REQUIRE(result);
  CHECK(*result == 7);
  REQUIRE(results.size() == 2);
  CHECK(*results[1] == 9);
}

TEST_CASE("B28: In may lack assignment, a default constructor and copies, also when requests leave early") {
  virtual_world world;
  virtual_batcher<ticket, int> batcher(world.callers, world.running_here(), [](std::span<ticket> inputs) {
    std::vector<int> numbers;
    for (const auto& input : inputs) numbers.push_back(input.number());
    return numbers;
  });
  asio::cancellation_signal signal;
  reply<int> gone;
  reply<int> stays;
  batcher.async_submit(ticket(1), asio::bind_cancellation_slot(signal.slot(), gone.handler()));
  batcher.async_submit(ticket(2), stays.handler());
  signal.emit(asio::cancellation_type::total);
  world.settle();
  CHECK(gone.failed_with(asio::error::operation_aborted));
  CHECK(stays.succeeded_with(2));
}

TEST_CASE("B28: when moving an input throws inside async_submit, nothing was submitted") {
  virtual_world world;
  virtual_batcher<slippery, int> batcher(world.callers, world.running_here(), values_of);
  const auto handler = std::make_shared<int>(0);
  int moves = 1;
  for (bool thrown = true; thrown; ++moves) {
    thrown = false;
    try {
      batcher.async_submit(slippery(5, moves), [handler](boost::system::error_code, int) {});
    } catch (const std::runtime_error&) {
      thrown = true;
      CHECK(batcher.stats().submitted == 0);
      CHECK(handler.use_count() == 1);
    }
  }
  CHECK(moves > 2);
  CHECK(batcher.stats().submitted == 1);
  world.settle();
}

TEST_CASE("B28: when moving an input into the batch throws, the batch fails as if collate had thrown") {
  virtual_world world;
  virtual_batcher<slippery, int> batcher(world.callers, world.running_here(), values_of);
  int moves = 1;
  std::optional<reply<int>> fails;
  while (!fails) {  // find how many moves a submission takes
    try {
      reply<int> tried;
      batcher.async_submit(slippery(5, moves), tried.handler());
      fails = tried;
    } catch (const std::runtime_error&) {
      ++moves;
    }
  }
  reply<int> mate;
  batcher.async_submit(slippery(6, 100), mate.handler());
  world.settle();
  CHECK(fails->failed_with(error::model_failed));
  CHECK(mate.failed_with(error::model_failed));
  reply<int> next;
  batcher.async_submit(slippery(7, 100), next.handler());
  world.settle();
  CHECK(next.succeeded_with(7));
}

TEST_CASE("B28: In and Out may be large or aligned to cache lines") {
  struct alignas(64) row {
    std::array<float, 4096> values{};
  };
  virtual_world world;
  virtual_batcher<row, row> batcher(world.callers, world.running_here(), [](std::span<row> inputs) {
    std::vector<row> results(inputs.begin(), inputs.end());
    for (row& result : results) {
      CHECK(reinterpret_cast<std::uintptr_t>(&result) % 64 == 0);
      for (float& x : result.values) x += 1;
    }
    return results;
  });
  int calls = 0;
  for (int i = 0; i < 3; ++i) {
    auto input = std::make_unique<row>();
    input->values.fill(static_cast<float>(i));
    batcher.async_submit(*input, [&, i](boost::system::error_code, const row& result) {
      CHECK(reinterpret_cast<std::uintptr_t>(&result) % 64 == 0);
      CHECK(result.values.front() == static_cast<float>(i + 1));
      CHECK(result.values.back() == static_cast<float>(i + 1));
      ++calls;
    });
  }
  world.settle();
  CHECK(calls == 3);
}

TEST_CASE("B28: Out may be bool, from a vector of bits") {
  virtual_world world;
  virtual_batcher<int, bool> batcher(world.callers, world.running_here(), [](std::span<int> inputs) {
    std::vector<bool> odd;
    for (const int x : inputs) odd.push_back(x % 2 != 0);
    return odd;
  });
  reply<std::vector<bool>> r;
  batcher.async_submit_many({1, 2, 3}, r.handler());
  world.settle();
  CHECK(r.succeeded_with({true, false, true}));
}

TEST_CASE("B28: Out may be an error code, and results may convert to Out") {
  virtual_world world;
  virtual_batcher<int, boost::system::error_code> codes(
      world.callers, world.running_here(), [](std::span<int> inputs) {
        return std::vector<boost::system::error_code>(inputs.size(), asio::error::eof);
      });
  reply<boost::system::error_code> code;
  codes.async_submit(1, code.handler());
  virtual_batcher<int, std::string> texts(world.callers, world.running_here(), [](std::span<int> inputs) {
    return std::vector<const char*>(inputs.size(), "text");
  });
  reply<std::string> text;
  texts.async_submit(1, text.handler());
  world.settle();
  CHECK(code.succeeded_with(asio::error::eof));
  CHECK(text.succeeded_with("text"));
}

TEST_CASE("B28: results may be results that convert to Out, in any input range") {
  virtual_world world;
  using item = boost::system::result<const char*>;
  virtual_batcher<int, std::string> batcher(world.callers, world.running_here(), [](std::span<int>) {
    return std::array<item, 2>{item("first"), item(asio::error::make_error_code(asio::error::eof))};
  });
  reply<std::string> a;
  reply<std::string> b;
  batcher.async_submit(1, a.handler());
  batcher.async_submit(2, b.handler());
  world.settle();
  CHECK(a.succeeded_with("first"));
  CHECK(b.failed_with(asio::error::eof));
}

TEST_CASE("a model that returns a reference to its own results keeps them when they are constant") {
  virtual_world world;
  struct keeper {
    std::shared_ptr<const std::vector<std::string>> kept;
    const std::vector<std::string>& operator()(std::span<int>) const { return *kept; }
  };
  const auto kept =
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"kept for ever"});
  virtual_batcher<int, std::string> batcher(world.callers, world.running_here(), keeper{kept});
  for (int i = 0; i < 2; ++i) {
    reply<std::string> r;
    batcher.async_submit(1, r.handler());
    world.settle();
    CHECK(r.succeeded_with("kept for ever"));
  }
  CHECK(kept->front() == "kept for ever");
}

TEST_CASE("an item that has failed fails its request, also where Out can be made from anything") {
  virtual_world world;
  using item = boost::system::result<std::any>;
  virtual_batcher<int, std::any> batcher(
      world.callers, world.running_here(), [](std::span<const int> inputs) {
        std::vector<item> results;
        for (const int input : inputs) {
          if (input < 0)
            results.emplace_back(boost::system::in_place_error, error::too_large);
          else
            results.emplace_back(boost::system::in_place_value, input);
        }
        return results;
      });
  reply<std::any> good, bad;
  batcher.async_submit(1, good.handler());
  batcher.async_submit(-1, bad.handler());
  world.settle();
  CHECK(bad.failed_with(error::too_large));
  REQUIRE_FALSE(good.error());
  CHECK(std::any_cast<int>(good.value()) == 1);
}
