// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/service_order.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

bool goes_first(const waiting_request& a, const waiting_request& b) {
  return served_before(a, b) && !served_before(b, a);
}

}  // namespace

TEST_CASE("of equals nobody goes before the other") {
  CHECK(!served_before(waiting(1), waiting(2)));
  CHECK(!served_before(waiting(1, at(0ms), at(5ms)), waiting(2, at(1ms), at(5ms))));
}

TEST_CASE("the earlier deadline goes first, whoever arrived first") {
  CHECK(goes_first(waiting(1, at(3ms), at(8ms)), waiting(2, at(0ms), at(9ms))));
}

TEST_CASE("with the same time from arrival to deadline, or none, the order is that of arrival") {
  CHECK(goes_first(waiting(1, at(0ms), at(50ms)), waiting(2, at(1ms), at(51ms))));
  CHECK(goes_first(waiting(1, at(0ms)), waiting(2, at(1ms))));
  CHECK(goes_first(waiting(1, at(0ms), at(1h)), waiting(2, at(1ms), at(2h))));
}

TEST_CASE("a request without a deadline is overtaken by nobody who arrives more than a second later") {
  const auto patient = waiting(1, at(0ms));
  CHECK(goes_first(waiting(2, at(900ms), at(950ms)), patient));
  CHECK(goes_first(patient, waiting(2, at(1001ms), at(1002ms))));
}

TEST_CASE("a priority counts for more than a fair tag, and a fair tag for more than a deadline") {
  const waiting_request plain = waiting(1, at(0ms), at(1ms));
  waiting_request urgent = waiting(2, at(9ms));
  urgent.fair_tag = 7;
  urgent.priority = 1;
  CHECK(goes_first(urgent, plain));
  urgent.priority = -1;
  CHECK(goes_first(plain, urgent));
  urgent.priority = 0;
  CHECK(goes_first(plain, urgent));
  urgent.fair_tag = -1;
  CHECK(goes_first(urgent, plain));
}

TEST_CASE("aged requests go before every priority, among themselves by their due time") {
  waiting_request old = waiting(1, at(0ms));
  old.priority = -128;
  old.aged = true;
  waiting_request urgent = waiting(2, at(0ms));
  urgent.priority = 127;
  CHECK(goes_first(old, urgent));
  urgent.aged = true;
  CHECK(!served_before(old, urgent));
  CHECK(!served_before(urgent, old));
}

TEST_CASE("a look at the last of the queue is enough for one who asks for the same and came later") {
  CHECK(plainly_after(waiting(1, at(0ms)), waiting(2, at(0ms))));
  CHECK(plainly_after(waiting(1, at(0ms), at(5ms)), waiting(2, at(1ms), at(6ms))));
  CHECK(!plainly_after(waiting(1, at(0ms), at(5ms)), waiting(2, at(1ms), at(4ms))));
  CHECK(!plainly_after(waiting(1, at(1ms)), waiting(2, at(0ms))));
}
