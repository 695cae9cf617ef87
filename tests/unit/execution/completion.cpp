// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/completion.hpp>
#include <carpool/execution/completion_run.hpp>
#include <carpool/execution/handler_completion.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <support/counting_allocator.hpp>
#include <support/counting_executor.hpp>
#include <support/doctest.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace carpool::execution;
using namespace carpool::test;

namespace {

using ints = std::vector<int>;

/// Completes with its number.
template <class Handler>
class numbered final : public handler_completion<numbered<Handler>, Handler> {
 public:
  numbered(Handler&& handler, const home& own, int number)
      : handler_completion<numbered, Handler>(std::move(handler), own), number_(number) {}
  template <class Receiver>
  void deliver_to(Receiver&& receiver) {
    std::forward<Receiver>(receiver)(number_);
  }

 private:
  int number_;
};

using action = std::function<void(int)>;

/// A handler that names no executor.
completion& make(int number, action what) {
  return *numbered<action>::make(nullptr, std::move(what), home(asio::system_executor()), number);
}

/// A handler with this executor, where the batcher's is `own`.
template <class Executor>
completion& make(const Executor& executor, int number, action what,
                 const asio::any_io_executor& own = asio::system_executor()) {
  auto handler = asio::bind_executor(executor, std::move(what));
  return *numbered<decltype(handler)>::make(nullptr, std::move(handler), home(own), number);
}

/// Drops what it is given.
struct deaf_executor : counting_executor {
  using counting_executor::counting_executor;
  template <class Function>
  void execute(Function&&) const {}
  [[nodiscard]] deaf_executor require(asio::execution::blocking_t::never_t) const { return *this; }
};

}  // namespace

TEST_CASE("a completion_list keeps order and gives up what it owns by pop") {
  ints called;
  completion_list list;
  CHECK(list.empty());
  for (int i = 0; i < 3; ++i) list.push(make(i, [&](int number) { called.push_back(number); }));
  completion_list moved(std::move(list));
  CHECK(list.empty());
  list.push(make(3, [&](int number) { called.push_back(number); }));
  handler_run run(nullptr);
  while (completion* operation = moved.pop()) operation->invoke(run);
  while (completion* operation = list.pop()) operation->invoke(run);
  CHECK(called == ints{0, 1, 2, 3});
  CHECK(moved.empty());
}

TEST_CASE("what is left in a completion_list is destroyed uncalled") {
  asio::io_context io;
  const auto alive = std::make_shared<int>();
  {
    completion_list list;
    list.push(make(1, [alive](int) { FAIL("called"); }));
    list.push(make(io.get_executor(), 2, [alive](int) { FAIL("called"); }));
    CHECK(alive.use_count() == 3);
  }
  CHECK(alive.use_count() == 1);
  io.poll();
  CHECK(io.stopped());  // the outstanding work is gone too
}

TEST_CASE("only a handler with an executor other than the batcher's is foreign") {
  asio::io_context io;
  asio::io_context other;
  const asio::any_io_executor own = io.get_executor();
  const auto ignore = [](int) {};
  const auto is_foreign = [](completion& operation) {
    completion_list list;
    list.push(operation);
    CHECK(list.any_foreign() == operation.foreign());
    return operation.foreign();
  };
  CHECK(!is_foreign(make(1, ignore)));
  CHECK(!is_foreign(make(io.get_executor(), 1, ignore, own)));
  CHECK(!is_foreign(make(own, 1, ignore, own)));
  CHECK(is_foreign(make(other.get_executor(), 1, ignore, own)));
  CHECK(is_foreign(make(asio::any_io_executor(other.get_executor()), 1, ignore, own)));
  CHECK(is_foreign(make(asio::make_strand(io), 1, ignore, own)));
  const auto strand = asio::make_strand(io);
  CHECK(!is_foreign(make(strand, 1, ignore, asio::any_io_executor(strand))));
}

TEST_CASE("a foreign completion counts as work of its executor until it has been called") {
  asio::io_context io;
  completion_list list;
  list.push(make(io.get_executor(), 1, [](int) {}));
  io.poll();
  CHECK(!io.stopped());
  post_all(list, {});
  io.poll();
  CHECK(io.stopped());
}

TEST_CASE("post_all makes one post per executor and keeps the order of each") {
  asio::io_context io;
  const counting_executor own(io);
  const counting_executor even(io);
  const counting_executor odd(io);
  ints called;
  const auto call = [&](int number) { called.push_back(number); };
  completion_list list;
  for (int i = 0; i < 12; ++i) list.push(i % 3 == 0 ? make(i, call) : make(i % 2 == 0 ? even : odd, i, call));
  post_all(list, own);
  CHECK(called.empty());
  CHECK(own.posts() == 1);
  CHECK(even.posts() == 1);
  CHECK(odd.posts() == 1);
  io.poll();
  CHECK(called == ints{0, 3, 6, 9, 1, 5, 7, 11, 2, 4, 8, 10});
}

TEST_CASE("post_all of nothing posts nothing") {
  asio::io_context io;
  const counting_executor own(io);
  completion_list nothing;
  post_all(nothing, own);
  CHECK(own.posts() == 0);
}

TEST_CASE("executors of different types are told apart, and so are contexts behind any_io_executor") {
  asio::io_context first;
  asio::io_context second;
  int calls = 0;
  completion_list list;
  const auto count = [&](int) { ++calls; };
  list.push(make(asio::any_io_executor(first.get_executor()), 1, count));
  list.push(make(counting_executor(first), 2, count));
  list.push(make(asio::any_io_executor(second.get_executor()), 3, count));
  post_all(list, {});
  second.poll();
  CHECK(calls == 1);
  first.poll();
  CHECK(calls == 3);
}

TEST_CASE("with more executors than are kept open, everybody is called and the order of each is kept") {
  asio::io_context io;
  std::vector<counting_executor> executors;
  for (int i = 0; i < 30; ++i) executors.emplace_back(io);
  std::vector<ints> called(executors.size());
  completion_list list;
  for (int i = 0; i < 300; ++i) {
    const auto which = static_cast<std::size_t>(i * 7 % 30);
    list.push(make(executors[which], i, [&, which](int number) { called[which].push_back(number); }));
  }
  post_all(list, {});
  io.poll();
  for (const ints& each : called) {
    CHECK(each.size() == 10);
    CHECK(std::is_sorted(each.begin(), each.end()));
  }
}

TEST_CASE("B34: a handler that throws does not cost those behind it their turn") {
  asio::io_context io;
  ints called;
  completion_list list;
  SUBCASE("on the batcher's executor") {
    for (int i = 0; i < 4; ++i)
      list.push(make(i, [&](int number) {
        called.push_back(number);
        if (number % 2 == 0) throw std::runtime_error("handler");
      }));
  }
  SUBCASE("on an executor of their own") {
    for (int i = 0; i < 4; ++i)
      list.push(make(io.get_executor(), i, [&](int number) {
        called.push_back(number);
        if (number % 2 == 0) throw std::runtime_error("handler");
      }));
  }
  post_all(list, io.get_executor());
  CHECK_THROWS(io.poll());
  CHECK(called == ints{0});
  CHECK_THROWS(io.poll());
  CHECK(called == ints{0, 1, 2});
  io.poll();
  CHECK(called == ints{0, 1, 2, 3});
  CHECK(io.stopped());
}

TEST_CASE("B27: what there is no memory to post stays in the list, and the rest is posted") {
  asio::io_context io;
  counting_executor own(io);
  counting_executor other(io);
  ints called;
  const auto call = [&](int number) { called.push_back(number); };
  completion_list list;
  for (int i = 0; i < 6; ++i) list.push(i % 2 == 0 ? make(i, call) : make(other, i, call));
  SUBCASE("of the batcher's executor") { own.starve(1); }
  SUBCASE("of another one") { other.starve(1); }
  SUBCASE("of both") {
    own.starve(1);
    other.starve(1);
  }
  SUBCASE("of nobody") {}
  post_all(list, own);
  io.poll();
  const std::size_t posted = called.size();
  CHECK(posted == 3 * (own.posts() + other.posts()));
  CHECK(list.empty() == (posted == 6));
  post_all(list, own);
  CHECK(list.empty());
  io.restart();
  io.poll();
  std::sort(called.begin(), called.end());
  CHECK(called == ints{0, 1, 2, 3, 4, 5});
}

TEST_CASE("B34: where there is no memory to post those behind a handler that throws, they are called first") {
  asio::io_context io;
  counting_executor own(io);
  ints called;
  completion_list list;
  for (int i = 0; i < 4; ++i)
    list.push(make(i, [&](int number) {
      called.push_back(number);
      own.starve(1);
      if (number == 1) throw std::runtime_error("handler");
    }));
  post_all(list, own);
  CHECK_THROWS_AS(io.poll(), std::runtime_error);
  CHECK(called == ints{0, 1, 2, 3});
  io.poll();
  CHECK(io.stopped());
}

TEST_CASE("an executor that drops what it is given ends the operations uncalled") {
  asio::io_context io;
  const auto alive = std::make_shared<int>();
  completion_list list;
  list.push(make(1, [alive](int) { FAIL("called"); }));
  post_all(list, deaf_executor(io));
  CHECK(list.empty());
  CHECK(alive.use_count() == 1);
}

TEST_CASE("a handler that throws is destroyed all the same") {
  asio::io_context io;
  const auto alive = std::make_shared<int>();
  completion_list list;
  list.push(make(1, [alive](int) { throw std::runtime_error("handler"); }));
  post_all(list, io.get_executor());
  CHECK_THROWS(io.poll());
  CHECK(alive.use_count() == 1);
}

TEST_CASE("an operation whose handler is called cannot be cancelled any more") {
  struct canceller : cancellable::link {
    using link::link;
  };
  asio::cancellation_signal signal;
  std::optional<canceller> sits_in_slot;
  bool called = false;
  auto handler = asio::bind_cancellation_slot(signal.slot(), action([&](int) {
                                                CHECK(sits_in_slot->operation() == nullptr);
                                                called = true;
                                              }));
  auto* operation =
      numbered<decltype(handler)>::make(nullptr, std::move(handler), home(asio::system_executor()), 1);
  sits_in_slot.emplace(*operation);
  CHECK(sits_in_slot->operation() == operation);
  handler_run run(nullptr);
  operation->invoke(run);
  CHECK(called);
}

TEST_CASE("a posted run that is never run destroys its handlers with the context") {
  const auto alive = std::make_shared<int>();
  {
    asio::io_context io;
    completion_list list;
    for (int i = 0; i < 4; ++i) {
      const auto never = [alive](int) { FAIL("called"); };
      list.push(i % 2 == 0 ? make(i, never) : make(io.get_executor(), i, never));
    }
    post_all(list, io.get_executor());
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE(
    "a completion's memory comes from its handler's allocator and is free before the handler is called") {
  allocation_counts counts;
  bool called = false;
  auto handler = asio::bind_allocator(counting_allocator<void>(counts), action([&](int number) {
                                        CHECK(number == 5);
                                        CHECK(counts.freed == 1);
                                        called = true;
                                      }));
  completion* operation =
      numbered<decltype(handler)>::make(nullptr, std::move(handler), home(asio::system_executor()), 5);
  CHECK(counts.allocated == 1);
  handler_run run(nullptr);
  operation->invoke(run);
  CHECK(called);
  CHECK(counts.allocated == 1);
}
