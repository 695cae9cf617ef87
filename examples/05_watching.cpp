// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
// Lesson 5: what happened? stats() is a consistent snapshot, printable as it is. Also: the textbook policy
// instead of the default, and a drain before the end.

#include <carpool/carpool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <iostream>
#include <span>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using batcher = carpool::DynamicBatcher<int, int>;

std::vector<int> negate(std::span<int> inputs) {
  std::vector<int> results;
  for (const int input : inputs) results.push_back(-input);
  return results;
}

asio::awaitable<void> client(batcher& negated, int requests) {
  for (int i = 0; i < requests; ++i) co_await negated.async_submit(i);
}

asio::awaitable<void> drain(batcher& negated) { co_await negated.async_drain(); }

int main() {
  asio::io_context io;
  // A batch leaves when it has 8 requests, or when its oldest has waited 2 ms. The default waits only where
  // that has proved to pay.
  batcher negated{io, {}, negate, carpool::size_or_timeout{8, 2ms}};
  for (int i = 0; i < 20; ++i) co_spawn(io, client(negated, 50), asio::detached);
  io.run();

  co_spawn(io, drain(negated),
           asio::detached);  // refuses new requests, waits for the others: here there are none left
  io.restart();
  io.run();

  const carpool::stats happened = negated.stats();
  std::cout << happened;
  return happened.succeeded == 1000 && happened.queued + happened.running == 0 ? 0 : 1;
}
