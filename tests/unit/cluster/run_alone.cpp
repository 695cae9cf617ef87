// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "cluster/run_alone.hpp"

#include "embed_server/http_threads.hpp"
#include "support/doctest.hpp"
#include "unit/embed_server/log_watch.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <new>
#include <stdexcept>

using namespace carpool::test;

namespace asio = boost::asio;

namespace {

asio::awaitable<int> operation(asio::io_context& io) {
  asio::post(io, [] { throw std::runtime_error("out of memory"); });
  co_await asio::post(asio::use_awaitable);
  co_return 7;
}

asio::awaitable<bool> lost_operation() {
  const auto no_memory = [](auto) { throw std::bad_alloc(); };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(no_memory, asio::use_awaitable);
  co_return true;
}

}  // namespace

TEST_CASE("an exception that a handler lets out ends what runs alone, but for a server that goes on") {
  asio::io_context worker, gateway;
  CHECK_THROWS_AS(cluster::run_alone(worker, operation(worker)), std::runtime_error);

  log_watch log;
  CHECK(cluster::run_alone(gateway, operation(gateway), embed_server::run_on) == 7);
  CHECK(log.count("for one client: out of memory") == 1);
}

TEST_CASE("H24: a server whose operation is lost for want of memory ends, and has no result") {
  asio::io_context gateway;
  log_watch log;
  CHECK_FALSE(cluster::run_alone(gateway, lost_operation(), embed_server::run_on));
  CHECK(log.count("for one client: std::bad_alloc") == 1);
}
