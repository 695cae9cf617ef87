// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/admission.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <cstdint>
#include <span>

using namespace carpool;
using namespace carpool::scheduling;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

/// A queue with a door.
struct door {
  explicit door(const queue_rules& rules, const limits& bounds = {}) { apply(rules, bounds); }

  void apply(const queue_rules& rules, const limits& bounds = {}) { rules_.apply(rules, bounds, queue); }

  std::optional<outcome> why_not(std::size_t count, demand asked = {}) const {
    return rules_.refusal(queue, 0, count, never, at(0ms), asked);
  }
  void join(std::uint64_t key, double work) {
    waiting_request request = waiting(queue.size());
    request.key = key;
    request.work = work;
    rules_.reserve(key);
    rules_.join(request, queue);
    queue.reserve(queue.size() + 1);
    queue.insert(request);
  }
  void leave() {
    queue.extract(positions::run(0, 1),
                  [this](std::span<const waiting_request> requests) { rules_.leave(requests.front()); });
  }
  void join_by_number() {
    queue.reserve(queue.size() + 1);
    queue.insert(waiting(queue.size()));
  }

  admission rules_;
  wait_queue queue;
};

}  // namespace

TEST_CASE("a closed door refuses as shut down, a past deadline as expired, a full queue as rejected") {
  door d({.max_size = 1});
  CHECK(!d.rules_.strict());
  CHECK(!d.why_not(1));
  CHECK(d.why_not(2) == outcome::rejected);
  CHECK(d.rules_.refusal(d.queue, 0, 1, at(0ms), at(0ms), {}) == outcome::expired);
  d.join_by_number();
  CHECK(d.why_not(1) == outcome::rejected);
  d.rules_.close();
  CHECK(d.why_not(1) == outcome::shut_down);
}

TEST_CASE("a queue that is made smaller than it is long has no room, and no less than none") {
  door d({.max_size = 4});
  for (int i = 0; i < 3; ++i) d.join_by_number();
  d.apply({.max_size = 2});
  CHECK(d.rules_.room(d.queue, 0) == 0);
  CHECK(d.why_not(1) == outcome::rejected);
}

TEST_CASE("work that would exceed max_queue_work is refused until there is less of it") {
  door d({.max_work = 10});
  CHECK(d.rules_.strict());
  d.join(0, 6);
  CHECK(!d.why_not(1, {.work = 4}));
  CHECK(d.why_not(1, {.work = 4.5}) == outcome::rejected);
  CHECK(d.why_not(2, {.work = 5}) == outcome::rejected);
  d.leave();
  CHECK(!d.why_not(2, {.work = 10}));
}

TEST_CASE("a single request that finds the queue empty is never too much work, several may be") {
  door d({.max_work = 10});
  CHECK(!d.why_not(1, {.work = 11}));
  CHECK(d.why_not(2, {.work = 11}) == outcome::rejected);
  d.join(0, 11);
  CHECK(d.why_not(1, {.work = 1}) == outcome::rejected);
}

TEST_CASE("a key may fill no more than its own part of the queue") {
  door d({.max_size_per_key = 2});
  d.join(1, 1);
  CHECK(!d.why_not(1, {.key = 1}));
  CHECK(d.why_not(2, {.key = 1}) == outcome::rejected);
  d.join(1, 1);
  CHECK(d.why_not(1, {.key = 1}) == outcome::rejected);
  CHECK(!d.why_not(2, {.key = 2}));
  d.leave();
  CHECK(!d.why_not(1, {.key = 1}));
}

TEST_CASE("those who waited before a bound was set are counted, too") {
  door d({});
  for (int i = 0; i < 3; ++i) d.join_by_number();  // of key 0
  d.apply({.max_work = 4, .max_size_per_key = 2});
  CHECK(d.why_not(1, {.key = 0, .work = 1}) == outcome::rejected);
  CHECK(!d.why_not(1, {.key = 1, .work = 1}));
  CHECK(d.why_not(1, {.key = 1, .work = 2}) == outcome::rejected);
}

TEST_CASE("B32: an item heavier than a batch may be is refused, if that is wanted") {
  const limits bounds{.max_batch_work = 100, .batch_work = &padded_work};
  door refusing({.refuse_oversize = true}, bounds);
  CHECK(!refusing.why_not(2, {.work = 200, .heaviest = 100}));
  CHECK(refusing.why_not(1, {.work = 101, .heaviest = 101}) == outcome::too_large);
  door patient({}, bounds);
  CHECK(!patient.why_not(1, {.work = 101, .heaviest = 101}));
}
