// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/handler_run.hpp>
#include <carpool/execution/operation_allocator.hpp>

#include <boost/asio/io_context.hpp>

#include <support/doctest.hpp>

#include <cstddef>
#include <deque>
#include <memory>

namespace asio = boost::asio;
using namespace carpool::execution;

namespace {

struct counting_looker final : looker, std::enable_shared_from_this<counting_looker> {
  void look(submission* chain) override {
    ++looks;
    for (; chain != nullptr; chain = chain->next()) ++seen;
  }
  [[nodiscard]] std::size_t enough() const { return wanted; }
  int looks = 0;
  int seen = 0;
  std::size_t wanted = 100;
};

struct operation final : completion {
  void invoke(handler_run&) override {}
  void destroy() noexcept override {}
};

struct request_of_one final : pending_request {
  explicit request_of_one(completion& whole) : pending_request({}, {}, whole) {}
};

/// Requests that are submitted one after the other.
struct requests {
  bool keep(const std::shared_ptr<counting_looker>& who, const asio::io_context* where) {
    return handler_run::current()->keep(all.emplace_back(whole), *who, where);
  }
  operation whole;
  std::deque<request_of_one> all;
};

}  // namespace

TEST_CASE("the current run is the innermost one") {
  const asio::io_context io;
  CHECK(handler_run::current() == nullptr);
  {
    handler_run outer(&io);
    {
      handler_run inner(&io);
      CHECK(handler_run::current() == &inner);
    }
    CHECK(handler_run::current() == &outer);
  }
  CHECK(handler_run::current() == nullptr);
}

TEST_CASE("whom submissions of a run are kept for looks once, at its end, and sees them all") {
  const asio::io_context io;
  const auto who = std::make_shared<counting_looker>();
  requests submitted;
  handler_run run(&io);
  for (int i = 0; i < 10; ++i) CHECK(submitted.keep(who, &io));
  CHECK(who->looks == 0);
  run.finish();
  CHECK(who->looks == 1);
  CHECK(who->seen == 10);
}

TEST_CASE("a run in which nothing was submitted looks at nothing") {
  const asio::io_context io;
  handler_run run(&io);
  run.finish();
}

TEST_CASE("a batcher that is gone for everybody else still looks, and goes with the run") {
  const asio::io_context io;
  auto who = std::make_shared<counting_looker>();
  const std::weak_ptr<counting_looker> alive = who;
  requests submitted;
  handler_run run(&io);
  CHECK(submitted.keep(who, &io));
  who.reset();
  CHECK(!alive.expired());
  run.finish();
  CHECK(alive.expired());
}

TEST_CASE("a request for another context is not kept, nor is one of a second batcher") {
  const asio::io_context io;
  const asio::io_context other;
  const auto first = std::make_shared<counting_looker>();
  const auto second = std::make_shared<counting_looker>();
  requests submitted;
  handler_run run(&io);
  CHECK(!submitted.keep(first, &other));
  CHECK(submitted.keep(first, &io));
  CHECK(!submitted.keep(second, &io));
  CHECK(!submitted.keep(first, nullptr));
  run.finish();
}

TEST_CASE("in a run whose executor tells no context nothing is kept") {
  handler_run run(nullptr);
  CHECK(!requests().keep(std::make_shared<counting_looker>(), nullptr));
}

TEST_CASE("as soon as there is enough for a batch it is looked at, and not again for that") {
  const asio::io_context io;
  const auto who = std::make_shared<counting_looker>();
  who->wanted = 3;
  requests submitted;
  handler_run run(&io);
  for (int batch = 1; batch <= 2; ++batch) {
    for (int i = 0; i < 3; ++i) CHECK(submitted.keep(who, &io));
    CHECK(who->looks == batch);
    CHECK(who->seen == 3 * batch);
  }
  run.finish();
  CHECK(who->looks == 2);
}

TEST_CASE("runs nest, and give back what they keep, the outer one first") {
  const asio::io_context io;
  const asio::io_context other;
  const auto who = std::make_shared<counting_looker>();
  requests submitted;
  handler_run run(&io);
  CHECK(submitted.keep(who, &io));
  {
    handler_run inner(&other);
    CHECK(!submitted.keep(who, &io));
    CHECK(submitted.keep(who, &other));
    CHECK(handler_run::recall(*who) == &submitted.all[0]);
    CHECK(handler_run::recall(*who) == &submitted.all[2]);
    CHECK(handler_run::recall(*who) == nullptr);
    inner.finish();
  }
  CHECK(submitted.keep(who, &io));
  run.finish();
  CHECK(who->looks == 2);  // who recalls need not have looked
  CHECK(who->seen == 1);
}

TEST_CASE("the memory of an operation that has ended goes to the next one of its size in a run") {
  const asio::io_context io;
  handler_run run(&io);
  operation_allocator<long> longs(&run);
  operation_allocator<char> chars(&run);
  long* first = longs.allocate(1);
  longs.deallocate(first, 1);
  char* other = chars.allocate(1);
  CHECK(static_cast<void*>(other) != first);
  long* second = longs.allocate(1);
  CHECK(second == first);
  chars.deallocate(other, 1);  // kept until the end of the run
  longs.deallocate(second, 1);
}
