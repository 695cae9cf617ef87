// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/awaited_replies.hpp"

#include "support/doctest.hpp"

#include <string>

using namespace cluster;

TEST_CASE("replies find their places in any order, and the last one says so") {
  awaited_replies replies{"gw"};
  const auto first = replies.expect(2), second = replies.expect(1);
  const auto place = replies.take(replies.id(first, 1));
  REQUIRE(place);
  CHECK(place->submission == first);
  CHECK(place->index == 1);
  CHECK_FALSE(place->last);
  CHECK(replies.take(replies.id(second, 0))->last);
  CHECK(replies.take(replies.id(first, 0))->last);
  CHECK(replies.submissions() == 0);
  CHECK(replies.unwanted() == 0);
}

TEST_CASE("Q2: a repeated reply is dropped and counted") {
  awaited_replies replies{"gw"};
  const auto submission = replies.expect(2);
  CHECK(replies.take(replies.id(submission, 0)));
  CHECK_FALSE(replies.take(replies.id(submission, 0)));
  CHECK(replies.unwanted() == 1);
}

TEST_CASE("a reply to callers who have left is dropped and counted") {
  awaited_replies replies{"gw"};
  const auto submission = replies.expect(1);
  replies.forget(submission);
  CHECK_FALSE(replies.take(replies.id(submission, 0)));
  CHECK(replies.unwanted() == 1);
}

TEST_CASE("Q7: replies to the gateway that was here before are dropped and counted") {
  awaited_replies before{"old"}, now{"new"};
  const auto id = before.id(before.expect(1), 0);
  now.expect(1);
  CHECK_FALSE(now.take(id));
  CHECK(now.unwanted() == 1);
}

TEST_CASE("ids that nobody gave out are dropped, whatever they look like") {
  awaited_replies replies{"gw"};
  const auto id = replies.id(replies.expect(1), 0);
  for (const std::string& odd :
       {std::string{}, std::string{"gw"}, std::string{"gw-"}, std::string{"gw-1"}, std::string{"gw-1-"},
        std::string{"gw-1-1"}, std::string{"gw-2-0"}, std::string{"gw--1-0"}, id + ' ', id + "0x", ' ' + id,
        std::string{"gw-99999999999999999999-0"}})
    CHECK_FALSE(replies.take(odd));
  CHECK(replies.unwanted() == 12);
  CHECK(replies.take(id));
}
