// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "remote_queue.hpp"

#include "embed_server/no_throw.hpp"
#include "embed_server/random_id.hpp"
#include "model_registry.hpp"
#include "redis_script.hpp"
#include "redis_source.hpp"
#include "wire_error.hpp"
#include <carpool/error.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace cluster {
namespace {

using embed_server::no_throw;
constexpr std::chrono::milliseconds retry_pause{250};
constexpr std::size_t most_read = std::size_t{1} << 20;  // that Redis keeps, in bytes

carpool::time_point steady_now() { return std::chrono::steady_clock::now(); }

wall_time wall(carpool::time_point when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - steady_now());
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()) + left;
}

std::vector<std::string> entries_in(const redis_value& answer) {
  std::vector<std::string> entries;
  for (const redis_value& each : answer.items) entries.push_back(each.text);
  return entries;
}

}  // namespace

// Lives in the frame of submit().
struct remote_queue::submission {
  submission(remote_queue& queue_, std::size_t texts)
      : queue(queue_),
        number(queue.awaited_.expect(texts)),
        replies(texts),
        missing(texts),
        changed(queue.executor_) {
    queue.open_[number] = this;
    queue.counted_.submitted += texts;
  }
  submission(const submission&) = delete;
  submission& operator=(const submission&) = delete;
  ~submission() {
    queue.open_.erase(number);
    queue.awaited_.forget(number);
    *outcome += missing;
    if (missing > 0) queue.withdrawals_.add(std::move(entries));
  }

  /// Redis has answered: these are the entries, or none if there is no room for them or asking failed.
  void asked(std::vector<std::string> added, std::exception_ptr failed) {
    entries = std::move(added);
    if (!entries.empty()) return;
    refused = failed ? failed
                     : std::make_exception_ptr(
                           boost::system::system_error(make_error_code(carpool::error::queue_full)));
    outcome = failed ? &queue.counted_.failed : &queue.counted_.rejected;
    changed.cancel();
  }

  remote_queue& queue;
  std::uint64_t number;
  std::vector<text_reply> replies;
  std::vector<std::string> entries;  // of those admitted; empty where there is a reply
  std::size_t missing;
  std::exception_ptr refused;                          // why the texts are not in the queue
  asio::steady_timer changed;                          // at the deadline; cancelled when it is over
  std::uint64_t* outcome = &queue.counted_.cancelled;  // what becomes of texts without a reply
};

remote_queue::remote_queue(const asio::any_io_executor& executor, const redis_settings& settings,
                           const queue_keys& keys, std::size_t max_outstanding)
    : executor_(executor),
      redis_(executor, settings),
      keys_(keys),
      max_outstanding_(max_outstanding),
      name_(embed_server::random_id(32)),
      replies_(executor, settings, keys.replies(name_)),
      awaited_(name_),
      breaker_(settings.command_time / 2),
      withdrawals_(executor, redis_, keys.requests()) {}

void remote_queue::start() {
  asio::co_spawn(executor_, read_replies(), asio::detached);
  asio::co_spawn(executor_, keep_replies(), asio::detached);
}

asio::awaitable<std::vector<text_reply>> remote_queue::submit(std::vector<text_request> texts,
                                                              carpool::time_point deadline) {
  deadline = std::min(deadline, steady_now() + longest_deadline);
  for (text_request& each : texts) each.deadline = wall(deadline);
  submission mine{*this, texts.size()};
  if (closed_) refuse(mine);
  if (!breaker_.allows(steady_now())) {
    mine.outcome = &counted_.failed;
    throw redis_unavailable(trouble_);
  }
  asio::co_spawn(executor_, admit(mine.number, admission(mine.number, texts)), asio::detached);
  co_await wait_for(mine, deadline);
  co_return std::move(mine.replies);
}

void remote_queue::refuse(submission& mine) {
  mine.outcome = &counted_.shut_down;
  throw boost::system::system_error(make_error_code(carpool::error::shut_down));
}

std::vector<std::string> remote_queue::admission(std::uint64_t number,
                                                 const std::vector<text_request>& texts) {
  std::vector<std::string> arguments{std::to_string(max_outstanding_)};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    arguments.push_back(entry_numbers_.next());
    arguments.push_back(awaited_.id(number, i));
    arguments.push_back(replies_.key());
    arguments.push_back(encode(texts[i]));
  }
  return arguments;
}

// Does not end with its caller: only Redis' answer says which entries are to be withdrawn then.
asio::awaitable<void> remote_queue::admit(std::uint64_t number, std::vector<std::string> arguments) {
  std::vector<std::string> entries;
  std::exception_ptr failure;
  try {
    entries = co_await add(std::move(arguments));
  } catch (...) {
    failure = std::current_exception();
  }
  const auto found = open_.find(number);
  if (found != open_.end())
    found->second->asked(std::move(entries), failure);
  else
    withdrawals_.add(std::move(entries));
}

// The entries, or none if there is no room. Those that Redis tells of too late leave again; the breaker has
// heard of that failure when the time was over, and hears nothing of what comes afterwards.
asio::awaitable<std::vector<std::string>> remote_queue::add(std::vector<std::string> arguments) {
  std::vector<std::string> keys{keys_.requests()};
  const auto late = [this](const redis_value& answer) { withdrawals_.add(entries_in(answer)); };
  const auto began = steady_now();
  try {
    const redis_value answer = co_await admit_script.run(redis_, std::move(keys), std::move(arguments), late);
    breaker_.succeeded(steady_now());
    co_return entries_in(answer);
  } catch (const redis_unavailable& error) {
    breaker_.failed(began, steady_now());
    complain(error.what());
    throw;
  } catch (const redis_refusal& refused) {
    complain(std::string("Redis, which holds the queue, takes nothing: ") + refused.what());
    throw redis_unavailable(trouble_);
  }
}

// Said once, and again only when a while has passed without such trouble: a full memory comes and goes.
void remote_queue::complain(const std::string& why) {
  trouble_ = why;
  troubled_ = true;
  if (!std::exchange(complained_, true)) spdlog::warn("{} takes no texts: {}", keys_.requests(), why);
}

asio::awaitable<void> remote_queue::wait_for(submission& mine, carpool::time_point deadline) {
  mine.changed.expires_at(deadline);
  if (mine.missing > 0 && !mine.refused && !closed_) co_await mine.changed.async_wait(no_throw);
  if (mine.missing == 0) co_return;
  if (mine.refused) std::rethrow_exception(mine.refused);
  if (closed_) refuse(mine);
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
  mine.outcome = &counted_.expired;
  throw boost::system::system_error(make_error_code(carpool::error::expired));
}

void remote_queue::close() {
  closed_ = true;
  for (const auto& [number, each] : open_) each->changed.cancel();
}

asio::awaitable<void> remote_queue::read_replies() {
  for (bool complained = false;;) {
    std::string trouble;
    try {
      co_await read_some();
    } catch (const std::exception& error) {
      trouble = error.what();
    }
    if (!trouble.empty() && !complained) spdlog::warn("cannot read replies: {}; trying again", trouble);
    complained = !trouble.empty();
    if (!complained) continue;
    asio::steady_timer pause{executor_, retry_pause};
    co_await pause.async_wait(no_throw);
  }
}

asio::awaitable<void> remote_queue::read_some() {
  const auto entries = co_await replies_.read();
  for (const redis_value& each : entries) accept(each);
  // It costs a caller who waits as much as an answer does: so it is done for many replies at once.
  if (replies_.weight() >= most_read) co_await replies_.trim(redis_);
}

void remote_queue::accept(const redis_value& entry) {
  const std::string payload = field(entry.items[1], "r");
  const auto place = awaited_.take(field(entry.items[1], "id"));
  if (!place) return;
  submission& whose = *open_.at(place->submission);
  text_reply& reply = whose.replies[place->index];
  try {
    reply = parse_text_reply(payload);
  } catch (const wire_error& error) {
    reply = text_failure{failure_code::unreadable, error.what()};
  }
  ++(std::holds_alternative<text_result>(reply) ? counted_.succeeded : counted_.failed);
  if (place->index < whose.entries.size()) whose.entries[place->index].clear();
  if (--whose.missing == 0) whose.changed.cancel();
}

// Tells Redis that somebody still reads the replies, and what it need not keep.
asio::awaitable<void> remote_queue::keep_replies() {
  for (bool complained = false;;) {
    auto began = steady_now();
    try {
      redis_command keep{"PEXPIRE", replies_.key(), std::to_string(remembered.count())};
      co_await redis_.run(std::move(keep));
      began = steady_now();
      breaker_.succeeded(began);
      if (replies_.weight() > 0) co_await replies_.trim(redis_);
      complained = false;
    } catch (const redis_unavailable& error) {
      breaker_.failed(began, steady_now());
      complain(error.what());
    } catch (const std::exception& error) {
      if (!std::exchange(complained, true))
        spdlog::warn("cannot tell Redis that replies are read: {}; trying again", error.what());
    }
    if (!std::exchange(troubled_, false)) complained_ = false;
    asio::steady_timer pause{executor_, announce_interval};
    co_await pause.async_wait(no_throw);
  }
}

carpool::duration remote_queue::pause_left() const { return breaker_.pause_left(steady_now()); }

carpool::stats remote_queue::stats() const {
  carpool::stats now = counted_;
  now.queued = waiting();
  return now;
}

std::size_t remote_queue::waiting() const {
  std::size_t texts = 0;
  for (const auto& [number, each] : open_) texts += each->missing;
  return texts;
}

}  // namespace cluster
