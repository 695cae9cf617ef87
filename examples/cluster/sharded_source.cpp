// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "sharded_source.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace cluster {
namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

std::string name_of(std::size_t number, const std::string& entry) {
  return std::to_string(number) + '/' + entry;
}

}  // namespace

sharded_source::sharded_source(const asio::any_io_executor& executor)
    : executor_(executor), changed_(executor, asio::steady_timer::time_point::max()) {}

void sharded_source::add(request_source& source) { shards_.push_back({&source}); }

asio::awaitable<std::vector<delivery>> sharded_source::receive(std::size_t room) {
  if (quiet_ == 0) begin_reads(room);
  if (ready_.empty() && !failure_ && (promised() > 0 || quiet_ > 0)) co_await changed_.async_wait(no_throw);
  auto given = std::exchange(ready_, {});
  if (given.empty() && failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  changed_.cancel();  // for those who want it quiet
  co_return given;
}

// A shard that had something shares what is left by those that had nothing, which get less than half of the
// room together, because they keep it for as long as they wait.
void sharded_source::begin_reads(std::size_t room) {
  std::size_t left = room - std::min(room, promised());
  const std::size_t small = std::max<std::size_t>(1, room / (2 * shards_.size() - 1));
  std::size_t busy = 0, idle = 0;
  for (const shard& each : shards_)
    if (each.asked == 0) ++(each.busy ? busy : idle);
  const std::size_t for_busy = left - std::min(left, idle * small);
  const std::size_t large = std::max(small, busy == 0 ? 0 : for_busy / busy);
  for (std::size_t i = 0, first = next_; i < shards_.size() && left > 0; ++i) {
    const std::size_t number = (first + i) % shards_.size();
    shard& each = shards_[number];
    if (each.asked > 0) continue;
    each.asked = std::min(left, each.busy ? large : small);
    left -= each.asked;
    next_ = number + 1;
    asio::co_spawn(executor_, read(number), asio::detached);
  }
}

// Entries that may still come, or have come and are not given out yet.
std::size_t sharded_source::promised() const {
  std::size_t entries = ready_.size();
  for (const shard& each : shards_) entries += each.asked;
  return entries;
}

asio::awaitable<void> sharded_source::read(std::size_t number) {
  shard& from = shards_[number];
  try {
    auto received = co_await from.source->receive(from.asked);
    from.busy = !received.empty();
    for (delivery& each : received) {
      each.entry = name_of(number, each.entry);
      ready_.push_back(std::move(each));
    }
  } catch (...) {
    failure_ = std::current_exception();
  }
  from.asked = 0;
  changed_.cancel();
}

asio::awaitable<void> sharded_source::quiet() {
  ++quiet_;
  while (promised() > 0) co_await changed_.async_wait(no_throw);
}

void sharded_source::go_on() {
  --quiet_;
  changed_.cancel();
}

asio::awaitable<std::vector<abandoned_entry>> sharded_source::find_abandoned() {
  std::vector<abandoned_entry> found;
  std::vector<asio::awaitable<void>> searches;
  for (std::size_t number = 0; number < shards_.size(); ++number) searches.push_back(find_in(number, found));
  const auto failed = co_await all_of(std::move(searches));
  if (found.empty() && failed) std::rethrow_exception(failed);
  if (found.empty()) co_return found;
  co_await quiet();
  go_on();  // a receive() that waits returns after the worker has heard of what was found
  co_return found;
}

asio::awaitable<void> sharded_source::find_in(std::size_t number, std::vector<abandoned_entry>& found) {
  const auto here = co_await shards_[number].source->find_abandoned();
  for (const abandoned_entry& each : here) found.push_back({name_of(number, each.entry), each.times});
}

asio::awaitable<std::optional<delivery>> sharded_source::adopt(std::string entry) {
  place where = find(entry);
  auto adopted = co_await shards_[where.number].source->adopt(std::move(where.entry));
  if (adopted) adopted->entry = std::move(entry);
  co_return adopted;
}

asio::awaitable<void> sharded_source::extend(std::vector<std::string> entries) {
  std::vector<std::vector<std::string>> by_shard(shards_.size());
  for (const std::string& each : entries) {
    place where = find(each);
    by_shard[where.number].push_back(std::move(where.entry));
  }
  std::vector<asio::awaitable<void>> extensions;
  for (std::size_t number = 0; number < by_shard.size(); ++number)
    if (!by_shard[number].empty())
      extensions.push_back(shards_[number].source->extend(std::move(by_shard[number])));
  const auto failed = co_await all_of(std::move(extensions));
  if (failed) std::rethrow_exception(failed);
}

asio::awaitable<void> sharded_source::finish(delivery done, std::string reply) {
  place where = find(done.entry);
  done.entry = std::move(where.entry);
  co_await shards_[where.number].source->finish(std::move(done), std::move(reply));
}

asio::awaitable<void> sharded_source::reject(delivery dead, std::string reply) {
  place where = find(dead.entry);
  dead.entry = std::move(where.entry);
  co_await shards_[where.number].source->reject(std::move(dead), std::move(reply));
}

sharded_source::place sharded_source::find(std::string_view entry) const {
  place where{shards_.size(), {}};
  const auto slash = entry.find('/');
  if (slash != entry.npos) std::from_chars(entry.data(), entry.data() + slash, where.number);
  if (where.number >= shards_.size())
    throw std::invalid_argument("no shard has an entry " + std::string(entry));
  where.entry = entry.substr(slash + 1);
  return where;
}

// Side by side, so that a shard that does not answer holds up no other. The failure of one of them, if any
// has failed.
asio::awaitable<std::exception_ptr> sharded_source::all_of(std::vector<asio::awaitable<void>> operations) {
  using operation = decltype(asio::co_spawn(executor_, std::move(operations.front()), asio::deferred));
  std::vector<operation> begun;
  for (auto& each : operations) begun.push_back(asio::co_spawn(executor_, std::move(each), asio::deferred));
  if (begun.empty()) co_return nullptr;
  const auto [order, failures] = co_await asio::experimental::make_parallel_group(std::move(begun))
                                     .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  const auto failed = std::ranges::find_if(failures, [](const auto& each) { return each != nullptr; });
  co_return failed == failures.end() ? nullptr : *failed;
}

}  // namespace cluster
