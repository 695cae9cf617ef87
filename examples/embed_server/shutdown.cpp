// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "shutdown.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <chrono>

namespace embed_server {
namespace {

using namespace asio::experimental::awaitable_operators;

asio::awaitable<void> sleep(std::chrono::milliseconds time) {
  asio::steady_timer timer{co_await asio::this_coro::executor, time};
  co_await timer.async_wait(asio::use_awaitable);
}

// Idle clients get a moment, since their next request may be on its way: closing then would lose it.
asio::awaitable<void> drain(server& http, const model_catalog& models, const limits& limits) {
  http.stop_accepting();
  co_await (http.async_empty() || sleep(limits.goodbye_time));
  http.hurry();
  co_await http.async_empty();
  for (const auto& model : models.served())
    for (model_arm& arm : model->arms()) co_await arm.engine->drain();
}

asio::awaitable<void> give_up(server& http, const model_catalog& models, const limits& limits) {
  for (const auto& model : models.served())
    for (model_arm& arm : model->arms()) arm.engine->close();
  co_await (http.async_empty() || sleep(limits.goodbye_time));
  http.drop_connections();
  co_await (http.async_empty() || sleep(limits.goodbye_time));  // loading a model cannot be interrupted
}

}  // namespace

asio::awaitable<bool> serve_until_signalled(asio::signal_set& signals, server& http,
                                            const model_catalog& models, const limits& limits) {
  const int signal = co_await signals.async_wait(asio::use_awaitable);
  spdlog::info("signal {}: finishing what has arrived", signal);
  const auto ended = co_await (drain(http, models, limits) || sleep(limits.drain_time) ||
                               signals.async_wait(asio::use_awaitable));
  const bool everything_answered = ended.index() == 0;
  if (!everything_answered) co_await give_up(http, models, limits);
  co_return everything_answered;
}

}  // namespace embed_server
