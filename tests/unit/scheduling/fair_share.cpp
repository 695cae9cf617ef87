// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/fair_share.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

using namespace carpool::scheduling;
using namespace carpool::test;

namespace {

waiting_request of_key(std::uint64_t key, double work = 1, std::int8_t priority = 0) {
  waiting_request request = waiting(0);
  request.key = key;
  request.work = work;
  request.priority = priority;
  return request;
}

/// The request with its tag.
waiting_request arrive(fair_share& share, waiting_request request) {
  share.reserve(request);
  request.fair_tag = share.tag(request);
  return request;
}

double tag(fair_share& share, std::uint64_t key, double work = 1, std::int8_t priority = 0) {
  return arrive(share, of_key(key, work, priority)).fair_tag;
}

/// The work that each key gets when all have a lot waiting and the smallest tags are served.
std::map<std::uint64_t, double> served(fair_share& share, const std::map<std::uint64_t, double>& work_of_one,
                                       int requests) {
  std::vector<waiting_request> queue;
  for (const auto& [key, work] : work_of_one)
    for (int i = 0; i < requests; ++i) queue.push_back(arrive(share, of_key(key, work)));
  std::stable_sort(queue.begin(), queue.end(), served_before);
  std::map<std::uint64_t, double> result;
  for (int i = 0; i < requests; ++i) {
    const auto& request = queue[static_cast<std::size_t>(i)];
    share.served(request);
    result[request.key] += request.work;
  }
  return result;
}

}  // namespace

TEST_CASE("requests of one key start one after the other in virtual time, other keys side by side") {
  fair_share share({});
  CHECK(tag(share, 1) == 0);
  CHECK(tag(share, 1, 5) == 1);
  CHECK(tag(share, 1) == 6);
  CHECK(tag(share, 2) == 0);
}

TEST_CASE("a key that shows up now gets no credit for the time before") {
  fair_share share({});
  for (int i = 0; i < 10; ++i) share.served(arrive(share, of_key(1)));
  CHECK(tag(share, 2) == 9);
}

TEST_CASE("keys get the same work, not the same number of requests") {
  fair_share share({});
  const auto got = served(share, {{1, 10}, {2, 1}}, 110);
  CHECK(got.at(1) == 100);
  CHECK(got.at(2) == 100);
}

TEST_CASE("keys get work in proportion to their weights") {
  fair_share share([](std::uint64_t key) { return key == 1 ? 3.0 : 1.0; });
  const auto got = served(share, {{1, 1}, {2, 1}}, 100);
  CHECK(got.at(1) == 75);
  CHECK(got.at(2) == 25);
}

TEST_CASE("each priority has a virtual time of its own, which stands still while others are served") {
  fair_share share({});
  for (int i = 0; i < 10; ++i) share.served(arrive(share, of_key(1, 1, 5)));
  CHECK(tag(share, 2, 1, 5) == 9);
  CHECK(tag(share, 1, 1, 0) == 0);
  CHECK(tag(share, 2, 1, -128) == 0);
}

TEST_CASE("what leaves unserved costs its key nothing") {
  fair_share share({});
  share.served(arrive(share, of_key(1)));
  for (int i = 0; i < 10; ++i) tag(share, 1);
  share.retract();
  CHECK(tag(share, 1) == 1);
}

TEST_CASE("an aged request does not move virtual time, and costs its key nothing") {
  fair_share share({});
  for (int i = 0; i < 10; ++i) tag(share, 1);
  auto last = arrive(share, of_key(1));
  last.aged = true;
  share.served(last);
  CHECK(tag(share, 2) == 0);
  share.retract();
  CHECK(tag(share, 1) == 0);
}

TEST_CASE("a weight that is no finite number above zero is refused, and nothing is remembered of it") {
  double given = 0;
  fair_share share([&given](std::uint64_t) { return given; });
  CHECK_THROWS_WITH_AS(
      share.reserve(of_key(7)),
      "carpool::options::key_weight returned 0.000000 for key 7; it must be a finite number, "
      "more than zero",
      std::invalid_argument);
  constexpr double infinite = std::numeric_limits<double>::infinity();
  for (const double wrong : {-1.0, infinite, -infinite, std::numeric_limits<double>::quiet_NaN()}) {
    given = wrong;
    CHECK_THROWS_AS(share.reserve(of_key(7)), std::invalid_argument);
  }
  CHECK(share.size() == 0);
}

TEST_CASE("work that is negative or no number counts as none") {
  fair_share share({});
  CHECK(tag(share, 1, -5) == 0);
  CHECK(tag(share, 1, std::numeric_limits<double>::quiet_NaN()) == 0);
  CHECK(tag(share, 1) == 0);
}

TEST_CASE("a million keys, one request each, are not remembered") {
  fair_share share({});
  for (std::uint64_t key = 0; key < 1'000'000; ++key) share.served(arrive(share, of_key(key, 100)));
  CHECK(share.size() <= 1024);
}

TEST_CASE("a key that has requests waiting is not forgotten") {
  fair_share share({});
  for (int i = 0; i < 3; ++i) tag(share, 1, 100);
  for (std::uint64_t key = 2; key < 10'000; ++key) share.served(arrive(share, of_key(key)));
  CHECK(tag(share, 1) == 300);
}
