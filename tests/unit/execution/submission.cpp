// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/submission.hpp>

#include <support/doctest.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

using namespace carpool::execution;

namespace {

struct operation final : completion {
  void invoke(handler_run&) override {}
  void destroy() noexcept override {}
};

struct single final : pending_request {
  explicit single(completion& whole, std::size_t n) : pending_request({}, {}, whole), number(n) {}
  std::size_t number;
};

std::vector<std::size_t> numbers(submission* chain) {
  std::vector<std::size_t> all;
  for (; chain != nullptr; chain = chain->next()) all.push_back(static_cast<single*>(chain)->number);
  return all;
}

}  // namespace

TEST_CASE("an inbox gives everything at once, in the order in which it was pushed") {
  operation whole;
  std::deque<single> requests;
  inbox box;
  CHECK(box.empty());
  for (std::size_t i = 0; i < 3; ++i) box.push(requests.emplace_back(whole, i));
  CHECK(!box.empty());
  CHECK(numbers(box.take()) == std::vector<std::size_t>{0, 1, 2});
  CHECK(box.empty());
  CHECK(box.take() == nullptr);
  box.push(requests[1]);
  CHECK(numbers(box.take()) == std::vector<std::size_t>{1});
}

TEST_CASE("an inbox is watched from a look on, until somebody leaves it empty") {
  operation whole;
  std::deque<single> requests;
  for (std::size_t i = 0; i < 4; ++i) requests.emplace_back(whole, i);
  inbox box;
  CHECK(!box.push_if_watched(requests[0]));
  CHECK(box.empty());
  box.push(requests[0]);
  CHECK(!box.push_if_watched(requests[1]));  // who pushed will look, but only when he likes
  CHECK(numbers(box.take()) == std::vector<std::size_t>{0});
  CHECK(box.push_if_watched(requests[1]));
  box.push(requests[2]);
  CHECK(box.push_if_watched(requests[3]));
  CHECK(!box.leave());
  CHECK(numbers(box.take()) == std::vector<std::size_t>{1, 2, 3});
  CHECK(box.leave());
  CHECK(box.leave());
  CHECK(!box.push_if_watched(requests[0]));
}

TEST_CASE("nothing is left in an inbox that nobody watches by those who push if it is watched") {
  constexpr std::size_t threads = 3;
  constexpr std::size_t each = 5000;
  operation whole;
  std::deque<single> requests;
  for (std::size_t i = 0; i < threads * each; ++i) requests.emplace_back(whole, i);
  inbox box;
  std::mutex lock;
  std::size_t taken = 0;  // guarded by the lock
  const auto look = [&] {
    const std::lock_guard guard(lock);
    do taken += numbers(box.take()).size();
    while (!box.leave());
  };
  std::vector<std::thread> pushing;
  for (std::size_t t = 0; t < threads; ++t)
    pushing.emplace_back([&, t] {
      for (std::size_t i = 0; i < each; ++i) {
        single& mine = requests[t * each + i];
        if (box.push_if_watched(mine)) continue;
        box.push(mine);
        look();
      }
    });
  for (auto& thread : pushing) thread.join();
  CHECK(taken == threads * each);
}

TEST_CASE("what several threads push while another takes arrives once, and in order for each thread") {
  constexpr std::size_t threads = 4;
  constexpr std::size_t each = 5000;
  operation whole;
  std::deque<single> requests;
  for (std::size_t i = 0; i < threads * each; ++i) requests.emplace_back(whole, i);
  inbox box;
  std::atomic<std::size_t> done = 0;
  std::vector<std::thread> pushing;
  for (std::size_t t = 0; t < threads; ++t)
    pushing.emplace_back([&, t] {
      for (std::size_t i = 0; i < each; ++i) box.push(requests[t * each + i]);
      ++done;
    });
  std::vector<std::size_t> next(threads, 0);
  bool in_order = true;
  const auto take = [&] {
    for (const std::size_t number : numbers(box.take())) in_order &= number % each == next[number / each]++;
  };
  while (done < threads) take();
  for (auto& thread : pushing) thread.join();
  take();
  CHECK(in_order);
  CHECK(next == std::vector<std::size_t>(threads, each));
}

TEST_CASE("an operation is ready when the last of its requests has ended") {
  operation whole;
  std::atomic<std::size_t> unsettled = 2;
  struct item final : pending_request {
    using pending_request::pending_request;
  };
  item first({}, {}, whole, unsettled);
  item second({}, {}, whole, unsettled);
  first.set_sibling(second);
  first.stand_for(2);
  CHECK(first.count() == 2);
  std::vector<pending_request*> visited;
  first.for_each([&](pending_request& request) { visited.push_back(&request); });
  CHECK(visited == std::vector<pending_request*>{&first, &second});
  completion_list ready;
  second.fail({}, ready);
  CHECK(ready.empty());
  first.fail({}, ready);
  CHECK(ready.pop() == &whole);
}

TEST_CASE("a request_list keeps requests in order, each with its position") {
  operation whole;
  std::deque<single> requests;
  request_list list;
  for (int round = 0; round < 2; ++round) {
    requests.clear();
    for (std::size_t i = 0; i < 3; ++i) list.push(requests.emplace_back(whole, i), 10 * i);
    std::vector<std::size_t> positions;
    list.take([&](pending_request& request, std::size_t position) {
      CHECK(10 * static_cast<single&>(request).number == position);
      positions.push_back(position);
    });
    CHECK(positions == std::vector<std::size_t>{0, 10, 20});
  }
}
