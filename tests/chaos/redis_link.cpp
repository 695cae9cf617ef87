// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "redis_link.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <utility>

namespace chaos {
namespace {

using asio::ip::tcp;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

// Without descriptors accepting fails at once, and would be tried again at once.
constexpr std::chrono::milliseconds pause_after_failure{10};

}  // namespace

struct redis_link::connection {
  connection(tcp::socket program_, asio::ip::address source_, asio::io_context& io)
      : program(std::move(program_)), source(std::move(source_)), redis(io) {}

  void close() {
    boost::system::error_code ignored;
    program.close(ignored);
    redis.close(ignored);
  }

  // Closes with a reset in place of the usual end of stream.
  void reset() {
    boost::system::error_code ignored;
    program.set_option(asio::socket_base::linger{true, 0}, ignored);
    close();
  }

  tcp::socket program;
  asio::ip::address source;
  asio::generic::stream_protocol::socket redis;
  bool lost = false;
};

redis_link::redis_link(asio::io_context& io, std::vector<endpoint> redis, std::uint16_t port)
    : io_(io),
      acceptor_(io, tcp::endpoint{asio::ip::address_v4::loopback(), port}),
      redis_(std::move(redis)),
      changed_(io, asio::steady_timer::time_point::max()) {
  asio::co_spawn(io, accept(), asio::detached);
}

void redis_link::become(condition now) {
  asio::post(io_, [this, now] {
    condition_ = now;
    changed_.cancel();
    if (now != condition::cut) return;
    for (const auto& each : connections()) each->reset();
  });
}

void redis_link::stall_from(std::set<asio::ip::address> sources) {
  asio::post(io_, [this, sources = std::move(sources)] {
    stalled_sources_ = sources;
    changed_.cancel();
  });
}

void redis_link::lose_connections() {
  asio::post(io_, [this] {
    for (const auto& each : connections()) each->lost = true;
  });
}

std::vector<std::shared_ptr<redis_link::connection>> redis_link::connections() {
  std::vector<std::shared_ptr<connection>> alive;
  for (const auto& each : connections_)
    if (auto held = each.lock()) alive.push_back(std::move(held));
  connections_.assign(alive.begin(), alive.end());
  return alive;
}

bool redis_link::is_stalled(const connection& which, bool from_program) const {
  return condition_ == condition::stalled ||
         condition_ == (from_program ? condition::mute : condition::deaf) ||
         stalled_sources_.contains(which.source);
}

asio::awaitable<void> redis_link::accept() {
  for (;;) {
    tcp::endpoint source;
    auto [failed, program] = co_await acceptor_.async_accept(source, no_throw);
    if (failed == asio::error::operation_aborted) co_return;
    if (!failed) {
      asio::co_spawn(io_, serve(std::make_shared<connection>(std::move(program), source.address(), io_)),
                     asio::detached);
      continue;
    }
    asio::steady_timer pause{io_, pause_after_failure};
    co_await pause.async_wait(no_throw);
  }
}

asio::awaitable<void> redis_link::serve(std::shared_ptr<connection> served) {
  const auto [failed] = co_await served->redis.async_connect(redis_[next_++ % redis_.size()], no_throw);
  if (failed || condition_ == condition::cut) {
    served->reset();
    co_return;
  }
  boost::system::error_code ignored;
  served->program.set_option(tcp::no_delay{true}, ignored);
  connections_.push_back(served);
  asio::co_spawn(io_, forward(served, served->program, served->redis, true), asio::detached);
  co_await forward(served, served->redis, served->program, false);
}

// Until one side closes. A lost connection ends on that side only.
template <class From, class To>
asio::awaitable<void> redis_link::forward(std::shared_ptr<connection> served, From& from, To& to,
                                          bool from_program) {
  std::array<char, 65536> bytes;
  for (;;) {
    const auto [ended, size] = co_await from.async_read_some(asio::buffer(bytes), no_throw);
    while (is_stalled(*served, from_program)) co_await changed_.async_wait(no_throw);
    if (ended) break;
    if (served->lost) continue;
    const auto [failed, written] = co_await asio::async_write(to, asio::buffer(bytes.data(), size), no_throw);
    if (failed) break;
  }
  if (!served->lost) co_return served->close();
  boost::system::error_code ignored;
  from.close(ignored);
}

}  // namespace chaos
