// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/handler_run.hpp>
#include <carpool/execution/operation_allocator.hpp>

#include <boost/asio/io_context.hpp>

#include <support/doctest.hpp>

#include <memory>

namespace asio = boost::asio;
using namespace carpool::execution;

namespace {

struct counting_looker final : looker, std::enable_shared_from_this<counting_looker> {
  void look() override { ++looks; }
  int looks = 0;
};

bool will_look(const std::shared_ptr<counting_looker>& who, const asio::io_context& where,
               std::size_t enough = 100) {
  return handler_run::will_look(*who, &where, enough);
}

}  // namespace

TEST_CASE("outside a run of handlers nobody looks later") {
  const asio::io_context io;
  const auto who = std::make_shared<counting_looker>();
  CHECK(!will_look(who, io));
}

TEST_CASE("who was told of requests in a run looks once, at its end") {
  const asio::io_context io;
  const auto who = std::make_shared<counting_looker>();
  handler_run run(&io);
  for (int i = 0; i < 10; ++i) CHECK(will_look(who, io));
  CHECK(who->looks == 0);
  run.finish();
  CHECK(who->looks == 1);
}

TEST_CASE("a run in which nothing was submitted looks at nothing") {
  const asio::io_context io;
  handler_run run(&io);
  run.finish();
  CHECK(!will_look(std::make_shared<counting_looker>(), asio::io_context{}));
}

TEST_CASE("a batcher that is gone for everybody else still looks, and goes with the run") {
  const asio::io_context io;
  auto who = std::make_shared<counting_looker>();
  const std::weak_ptr<counting_looker> alive = who;
  handler_run run(&io);
  CHECK(will_look(who, io));
  who.reset();
  CHECK(!alive.expired());
  run.finish();
  CHECK(alive.expired());
}

TEST_CASE("a request for another context is looked at at once, and so is one of a second batcher") {
  const asio::io_context io;
  const asio::io_context other;
  const auto first = std::make_shared<counting_looker>();
  const auto second = std::make_shared<counting_looker>();
  handler_run run(&io);
  CHECK(!will_look(first, other));
  CHECK(will_look(first, io));
  CHECK(!will_look(second, io));
  CHECK(!handler_run::will_look(*first, nullptr, 100));
  run.finish();
}

TEST_CASE("in a run whose executor tells no context nobody looks later") {
  handler_run run(nullptr);
  CHECK(!handler_run::will_look(*std::make_shared<counting_looker>(), nullptr, 100));
}

TEST_CASE("as soon as there is enough for a batch it is looked at, and not again for that") {
  const asio::io_context io;
  const auto who = std::make_shared<counting_looker>();
  handler_run run(&io);
  for (int batch = 0; batch < 2; ++batch) {
    CHECK(will_look(who, io, 3));
    CHECK(will_look(who, io, 3));
    CHECK(!will_look(who, io, 3));
  }
  run.finish();
  CHECK(who->looks == 0);
}

TEST_CASE("runs nest") {
  const asio::io_context io;
  const asio::io_context other;
  const auto who = std::make_shared<counting_looker>();
  handler_run run(&io);
  {
    handler_run inner(&other);
    CHECK(!will_look(who, io));
    inner.finish();
  }
  CHECK(will_look(who, io));
  run.finish();
}

TEST_CASE("the memory of an operation that has ended goes to the next one of its size in a run") {
  const asio::io_context io;
  operation_allocator<long> longs;
  operation_allocator<char> chars;
  handler_run run(&io);
  long* first = longs.allocate(3);
  longs.deallocate(first, 3);
  char* other = chars.allocate(1);
  long* second = longs.allocate(3);
  CHECK(second == first);
  chars.deallocate(other, 1);  // kept until the end of the run
  longs.deallocate(second, 3);
}
