// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "embed_server/http_threads.hpp"

#include "log_watch.hpp"
#include "support/doctest.hpp"

#include <boost/asio/post.hpp>

#include <future>
#include <set>
#include <stdexcept>
#include <thread>

using namespace carpool::test;
using namespace embed_server;

TEST_CASE("one thread is that of the service; of several each has an executor of its own") {
  http_threads none;
  none.make(1);
  CHECK(none.executors().empty());

  http_threads three;
  three.make(3);
  const http_threads::running running{three};
  std::set<std::thread::id> found;
  for (const auto& executor : three.executors()) {
    std::promise<std::thread::id> here;
    asio::post(executor, [&] { here.set_value(std::this_thread::get_id()); });
    found.insert(here.get_future().get());
  }
  CHECK(found.size() == 3);
  CHECK(found.count(std::this_thread::get_id()) == 0);
}

TEST_CASE("as many threads speak HTTP as were asked for, else one, and more beside a GPU") {
  CHECK(choose_http_threads(5, false, 2) == 5);
  CHECK(choose_http_threads(0, false, 64) == 1);
  CHECK(choose_http_threads(0, true, 2) == 1);
  CHECK(choose_http_threads(0, true, 12) == 6);
  CHECK(choose_http_threads(0, true, 64) == 8);
}

TEST_CASE("an exception that a handler lets out is logged, and its thread goes on") {
  log_watch log;
  http_threads threads;
  threads.make(2);
  const http_threads::running running{threads};
  for (const auto& executor : threads.executors()) {
    std::promise<void> after;
    asio::post(executor, [] { throw std::runtime_error("out of memory"); });
    asio::post(executor, [] { throw 1; });
    asio::post(executor, [&] { after.set_value(); });
    after.get_future().get();
  }
  CHECK(log.count("for one client: out of memory") == 2);
  CHECK(log.count("of an unknown kind") == 2);

  bool went_on = false;
  asio::post(threads.home(), [] { throw std::runtime_error("out of files"); });
  asio::post(threads.home(), [&] { went_on = true; });
  run_on(threads.home());
  CHECK(went_on);
  CHECK(log.count("for one client: out of files") == 1);
}
