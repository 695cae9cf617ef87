// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "worker.hpp"

#include "embed_server/no_throw.hpp"
#include "judgement.hpp"

#include <boost/asio/co_spawn.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace cluster {
namespace {

using embed_server::no_throw;

// Complaints. One is made again only after what it is about has worked.
constexpr std::string_view no_entries = "cannot take entries from the queue";
constexpr std::string_view no_adoption = "cannot take over an abandoned entry";
constexpr std::string_view no_reply = "cannot reply";
constexpr std::string_view no_extension = "cannot tell the queue that entries are being worked on";
constexpr std::string_view no_look = "cannot look for abandoned entries";

wall_time wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// The steady clock's name for a time on the wall; no later than a day from now, so that nothing overflows.
carpool::time_point steady(wall_time when) {
  const wall_time now = wall_now();
  return std::chrono::steady_clock::now() + (std::min(when, now + std::chrono::days{1}) - now);
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
      keeper_(executor),
      looker_(executor) {}

asio::awaitable<void> worker::work() {
  run_beside(keep_leases());
  run_beside(look_around());
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
        looker_.cancel();
        while (beside_ > 0) co_await changed_.async_wait(no_throw);
        co_return;
    }
  }
}

// What work() must not wait for before it is to leave.
void worker::run_beside(asio::awaitable<void> errand) {
  ++beside_;
  asio::co_spawn(executor_, std::move(errand), [this](std::exception_ptr) {
    --beside_;
    changed_.cancel();
  });
}

void worker::stop() {
  desk_.stop();
  changed_.cancel();
}

asio::awaitable<void> worker::receive() {
  bool failed = false;
  try {
    auto received = co_await source_.receive(desk_.room());
    complaints_.erase(no_entries);
    for (delivery& each : received) begin(std::move(each));
  } catch (const std::exception& error) {
    complain(no_entries, error.what());
    failed = true;
  }
  if (failed) co_await pause();
}

asio::awaitable<void> worker::adopt() {
  const std::string entry = desk_.next_abandoned();
  try {
    auto adopted = co_await source_.adopt(entry);
    complaints_.erase(no_adoption);
    if (!adopted) co_return;
    ++counted_.adopted;
    spdlog::info("entry {} was abandoned: delivery number {}, to this worker", adopted->entry,
                 adopted->times);
    begin(std::move(*adopted));
  } catch (const std::exception& error) {
    complain(no_adoption, error.what());
  }
}

void worker::begin(delivery received) {
  ++counted_.received;
  const bool worth_trying = desk_.begin(received, std::chrono::steady_clock::now());
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
  source_.room_grew();
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
  if (dead) tell_of_dead_letter(received.entry);
  for (bool said = false;;) {
    try {
      if (dead) {
        co_await source_.reject(received, reply);
        ++counted_.rejected;
      } else {
        co_await source_.finish(received, reply);
        ++counted_.replied;
      }
      complaints_.erase(no_reply);
      co_return;
    } catch (const std::exception& error) {
      if (!std::exchange(said, true)) complain(no_reply, error.what());
    }
    co_await pause();
  }
}

// The queue keeps each of them with its reason, and a flood of them must not fill the log.
void worker::tell_of_dead_letter(const std::string& entry) {
  const auto now = std::chrono::steady_clock::now();
  if (now < silent_until_) {
    ++untold_;
    return;
  }
  const std::uint64_t others = std::exchange(untold_, 0);
  silent_until_ = now + std::chrono::seconds{10};
  spdlog::warn("entry {} goes to the dead letters{}", entry,
               others == 0 ? "" : ", as did " + std::to_string(others) + " since the last one told of");
}

// Waits for no answer, so that a queue that is slow, or of whose shards one is, lets no other lease run out.
asio::awaitable<void> worker::keep_leases() {
  while (!done_) {
    auto due = desk_.refresh(std::chrono::steady_clock::now());
    if (!due.empty()) run_beside(extend(std::move(due)));
    keeper_.expires_at(desk_.next_refresh());
    co_await keeper_.async_wait(no_throw);
  }
}

asio::awaitable<void> worker::extend(std::vector<std::string> entries) {
  try {
    co_await source_.extend(std::move(entries));
    complaints_.erase(no_extension);
  } catch (const std::exception& error) {
    complain(no_extension, error.what());
  }
}

asio::awaitable<void> worker::look_around() {
  while (!done_) {
    looker_.expires_after(lease_.look_interval());
    co_await look_once();
    if (!done_) co_await looker_.async_wait(no_throw);
  }
}

asio::awaitable<void> worker::look_once() {
  try {
    const auto entries = co_await source_.find_abandoned();
    complaints_.erase(no_look);
    desk_.found(entries);
    changed_.cancel();
  } catch (const std::exception& error) {
    complain(no_look, error.what());
  }
}

asio::awaitable<void> worker::pause() {
  asio::steady_timer timer{executor_, std::chrono::milliseconds{250}};
  co_await timer.async_wait(no_throw);
}

void worker::complain(std::string_view what, const std::string& why) {
  if (complaints_.insert(what).second) spdlog::warn("{}: {}; trying again", what, why);
}

}  // namespace cluster
