// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/ride_finder.hpp>
#include <carpool/single_flight.hpp>

#include <support/doctest.hpp>

#include <functional>
#include <stdexcept>
#include <string>

using namespace carpool;
using namespace carpool::execution;
using scheduling::rides;

namespace {

struct operation final : completion {
  void invoke(handler_run&) override {}
  void destroy() noexcept override {}
};

/// A request that asks for its ride, and begins it if nobody has.
template <class Table>
std::uint32_t ride_of(Table& table, rides& here, std::string input) {
  operation whole;
  request<std::string, int> asking(std::move(input), request_times{}, carpool::submit_options{}, whole);
  const auto ride = table.ride_of(asking, here);
  if (ride != 0 && !here.open(ride)) REQUIRE(here.begin({.ride = ride}));
  return ride;
}

using table = input_table<std::string, int, standard_hash, std::equal_to<>>;

}  // namespace

TEST_CASE("equal inputs have the same ride until it ends, others another") {
  table known({}, {});
  rides here;
  const auto first = ride_of(known, here, "a");
  CHECK(first != 0);
  CHECK(ride_of(known, here, "a") == first);
  CHECK(ride_of(known, here, "b") != first);
  here.end(first, [](const auto&) {});
  CHECK(ride_of(known, here, "a") != first);
}

TEST_CASE("inputs of the past are forgotten") {
  table known({}, {});
  rides here;
  const auto stays = ride_of(known, here, "stays");
  for (int i = 0; i < 1000; ++i) {
    here.end(ride_of(known, here, std::to_string(i)), [](const auto&) {});
    CHECK(known.size() < 25);
  }
  CHECK(ride_of(known, here, "stays") == stays);
}

TEST_CASE("a hash that throws costs the ride, not the request") {
  const auto hash = [](const std::string& text) -> std::size_t {
    if (text == "bad") throw std::runtime_error("hash");
    return 1;
  };
  input_table<std::string, int, decltype(hash), std::equal_to<>> known(hash, {});
  rides here;
  CHECK(ride_of(known, here, "bad") == 0);
  CHECK(ride_of(known, here, "a") != ride_of(known, here, "b"));
}
