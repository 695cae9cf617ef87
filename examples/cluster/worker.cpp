// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "worker.hpp"

#include "judgement.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace cluster {
namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

carpool::time_point steady_now() { return std::chrono::steady_clock::now(); }

wall_time wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// The steady clock's name for a time on the wall; no later than a day from now, so that nothing overflows.
carpool::time_point steady(wall_time when) {
  const wall_time now = wall_now();
  return steady_now() + (std::min(when, now + std::chrono::days{1}) - now);
}

}  // namespace

worker::worker(const asio::any_io_executor& executor, request_source& source, text_runner run,
               const desk_limits& limits)
    : executor_(executor),
      source_(source),
      run_(std::move(run)),
      desk_(limits),
      lease_(limits.lease),
      changed_(executor, asio::steady_timer::time_point::max()),
      keeper_(executor) {}

asio::awaitable<void> worker::work() {
  asio::co_spawn(executor_, keep_leases(), asio::detached);
  for (;;) {
    switch (desk_.next()) {
      case worker_desk::step::receive:
        co_await receive();
        break;
      case worker_desk::step::adopt:
        co_await adopt();
        break;
      case worker_desk::step::wait:
        co_await changed_.async_wait(no_throw);
        break;
      case worker_desk::step::leave:
        done_ = true;
        keeper_.cancel();
        while (!keeper_ended_) co_await changed_.async_wait(no_throw);
        co_return;
    }
  }
}

void worker::stop() {
  desk_.stop();
  changed_.cancel();
}

asio::awaitable<void> worker::receive() {
  bool failed = false;
  try {
    auto received = co_await source_.receive(desk_.room());
    complained_ = false;
    for (delivery& each : received) begin(std::move(each));
  } catch (const std::exception& error) {
    complain("cannot take entries from the queue", error.what());
    failed = true;
  }
  if (failed) co_await pause();
}

asio::awaitable<void> worker::adopt() {
  const std::string entry = desk_.next_abandoned();
  try {
    auto adopted = co_await source_.adopt(entry);
    if (!adopted) co_return;
    ++counted_.adopted;
    spdlog::info("entry {} was abandoned: delivery number {}, to this worker", adopted->entry,
                 adopted->times);
    begin(std::move(*adopted));
  } catch (const std::exception& error) {
    complain("cannot take over an abandoned entry", error.what());
  }
}

void worker::begin(delivery received) {
  ++counted_.received;
  const bool worth_trying = desk_.begin(received, steady_now());
  const std::string entry = received.entry;
  asio::co_spawn(executor_, answer(std::move(received), worth_trying),
                 [this, entry](std::exception_ptr failed) {
                   if (failed) spdlog::error("cannot answer entry {}: it is left to others", entry);
                   end(entry);
                 });
  if (desk_.next_refresh() < keeper_.expiry()) keeper_.expires_at(desk_.next_refresh());
}

void worker::end(const std::string& entry) {
  desk_.end(entry);
  changed_.cancel();
}

asio::awaitable<void> worker::answer(delivery received, bool worth_trying) {
  judgement found = judge(received, worth_trying, wall_now());
  text_reply reply = std::move(found.failure);
  if (found.what == judgement::action::run) {
    reply = co_await ask_model(std::move(found.request));
  }
  std::string payload = encode(reply);
  co_await settle(std::move(received), std::move(payload), found.what == judgement::action::reject);
}

// Whatever is thrown, even if it is no std::exception, is the failure of this text only.
asio::awaitable<text_reply> worker::ask_model(text_request request) {
  const auto deadline = steady(request.deadline);
  try {
    text_reply reply = co_await run_(std::move(request), deadline);
    co_return reply;
  } catch (const std::exception& error) {
    co_return text_failure{failure_code::model_failed, error.what()};
  } catch (...) {
    co_return text_failure{failure_code::model_failed, "the model threw something that is no std::exception"};
  }
}

// The work is done: its reply is kept until the queue takes it.
asio::awaitable<void> worker::settle(delivery received, std::string reply, bool dead) {
  for (;;) {
    try {
      if (dead) {
        spdlog::warn("entry {} goes to the dead letters", received.entry);
        co_await source_.reject(received, reply);
        ++counted_.rejected;
      } else {
        co_await source_.finish(received, reply);
        ++counted_.replied;
      }
      co_return;
    } catch (const std::exception& error) {
      complain("cannot reply", error.what());
    }
    co_await pause();
  }
}

asio::awaitable<void> worker::keep_leases() {
  next_look_ = steady_now();
  while (!done_) {
    co_await refresh();
    if (steady_now() >= next_look_) co_await look_around();
    keeper_.expires_at(std::min(desk_.next_refresh(), next_look_));
    if (!done_) co_await keeper_.async_wait(no_throw);
  }
  keeper_ended_ = true;
  changed_.cancel();
}

asio::awaitable<void> worker::refresh() {
  auto due = desk_.refresh(steady_now());
  if (due.empty()) co_return;
  try {
    co_await source_.extend(std::move(due));
  } catch (const std::exception& error) {
    complain("cannot tell the queue that entries are being worked on", error.what());
  }
}

asio::awaitable<void> worker::look_around() {
  next_look_ = steady_now() + lease_.look_interval();
  try {
    const auto entries = co_await source_.find_abandoned();
    desk_.found(entries);
    changed_.cancel();
  } catch (const std::exception& error) {
    complain("cannot look for abandoned entries", error.what());
  }
}

asio::awaitable<void> worker::pause() {
  asio::steady_timer timer{executor_, std::chrono::milliseconds{250}};
  co_await timer.async_wait(no_throw);
}

void worker::complain(const char* what, const std::string& why) {
  if (!std::exchange(complained_, true)) spdlog::warn("{}: {}; trying again", what, why);
}

}  // namespace cluster
