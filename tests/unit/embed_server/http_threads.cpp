// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "embed_server/http_threads.hpp"

#include "support/doctest.hpp"

#include <boost/asio/post.hpp>

#include <future>
#include <set>
#include <thread>

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
