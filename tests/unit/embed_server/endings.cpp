// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/endings.hpp"

#include "support/doctest.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <thread>

using embed_server::endings;
using namespace std::chrono_literals;

namespace {

/// Ends when it is allowed to, and tells in which thread.
struct slow {
  ~slow() {
    allowed.wait();
    ended.set_value(std::this_thread::get_id());
  }

  std::shared_future<void> allowed;
  std::promise<std::thread::id>& ended;
};

}  // namespace

TEST_CASE("what hangs at its end keeps nothing else waiting") {
  const auto all = std::make_shared<endings>();
  std::promise<void> go_on, at_once;
  std::promise<std::thread::id> first, second;
  at_once.set_value();
  all->end(std::unique_ptr<slow>(new slow{go_on.get_future().share(), first}));
  all->end(std::unique_ptr<slow>(new slow{at_once.get_future().share(), second}));
  CHECK(second.get_future().get() != std::this_thread::get_id());
  CHECK_FALSE(all->await_none(0ms));
  go_on.set_value();
  CHECK(all->await_none(1min));
}

TEST_CASE("once closed, things end where they are let go") {
  const auto all = std::make_shared<endings>();
  std::promise<void> at_once;
  std::promise<std::thread::id> ended;
  at_once.set_value();
  all->close();
  all->end(std::unique_ptr<slow>(new slow{at_once.get_future().share(), ended}));
  CHECK(ended.get_future().get() == std::this_thread::get_id());
}
