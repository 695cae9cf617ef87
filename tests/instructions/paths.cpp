// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Sends requests down one path, in a closed loop of 64 callers on one thread, for a tool that counts
// instructions:   paths post_round_trip|plain|adaptive|every_feature|use_awaitable REQUESTS

#include <carpool/carpool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using batcher = carpool::DynamicBatcher<int, int>;

namespace {

constexpr int callers = 64;

/// The cheapest model: its results are where its inputs are.
std::span<int> increment(std::span<int> inputs) {
  for (int& input : inputs) ++input;
  return inputs;
}

carpool::options full_batches(asio::io_context& io) {
  return {.max_batch_size = callers, .model_executor = io.get_executor()};
}

/// What a request costs that is handed to another context and back, by hand.
struct posted {
  asio::io_context& io;
  int& left;

  void operator()() const {
    if (--left < 0) return;
    asio::post(io, [*this] { asio::post(io, *this); });
  }
};

void post_round_trip(asio::io_context& io, int requests) {
  for (int i = 0; i < callers; ++i) posted{io, requests}();
  io.run();
}

struct caller {
  batcher& to;
  int& left;

  void submit() const {
    if (--left >= 0) to.async_submit(left, *this);
  }
  void operator()(boost::system::error_code, int) const { submit(); }
};

template <class Policy>
void callbacks(asio::io_context& io, int requests) {
  batcher to(io, full_batches(io), &increment, Policy{});
  for (int i = 0; i < callers; ++i) caller{to, requests}.submit();
  io.run();
}

/// With a deadline and a way to cancel it.
struct careful_caller {
  batcher& to;
  int& left;
  asio::cancellation_signal& signal;

  void submit() const {
    if (--left >= 0)
      to.async_submit(left, {.deadline = 1h}, asio::bind_cancellation_slot(signal.slot(), *this));
  }
  void operator()(boost::system::error_code, int) const { submit(); }
};

void every_feature(asio::io_context& io, int requests) {
  std::vector<asio::cancellation_signal> signals(callers);
  batcher to(io, full_batches(io), &increment, carpool::size_or_timeout{});
  for (auto& signal : signals) careful_caller{to, requests, signal}.submit();
  io.run();
}

asio::awaitable<void> chain(batcher& to, int& left) {
  while (--left >= 0) co_await to.async_submit(left, asio::use_awaitable);
}

void use_awaitable(asio::io_context& io, int requests) {
  batcher to(io, full_batches(io), &increment, carpool::eager{});
  for (int i = 0; i < callers; ++i) co_spawn(io, chain(to, requests), asio::detached);
  io.run();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc == 3 ? argv[1] : "";
  const int requests = argc == 3 ? std::atoi(argv[2]) : 0;
  asio::io_context io;
  if (path == "post_round_trip") return post_round_trip(io, requests), 0;
  if (path == "plain") return callbacks<carpool::eager>(io, requests), 0;
  if (path == "adaptive") return callbacks<carpool::adaptive>(io, requests), 0;
  if (path == "every_feature") return every_feature(io, requests), 0;
  if (path == "use_awaitable") return use_awaitable(io, requests), 0;
  std::fprintf(stderr, "usage: %s post_round_trip|plain|adaptive|every_feature|use_awaitable REQUESTS\n",
               argv[0]);
  return 2;
}
