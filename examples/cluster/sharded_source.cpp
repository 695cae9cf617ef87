// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "sharded_source.hpp"

#include "embed_server/no_throw.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace cluster {
namespace {

using embed_server::no_throw;
constexpr std::chrono::milliseconds rest{250};  // for a shard that cannot be asked

std::string name_of(std::size_t number, const std::string& entry) {
  return std::to_string(number) + '/' + entry;
}

}  // namespace

sharded_source::sharded_source(const asio::any_io_executor& executor)
    : executor_(executor), changed_(executor, asio::steady_timer::time_point::max()) {}

void sharded_source::add(request_source& source) { shards_.push_back({&source}); }

asio::awaitable<std::vector<delivery>> sharded_source::receive(std::size_t room) {
  if (quiet_ == 0) begin_reads(room);
  const bool untold = std::ranges::any_of(shards_, [](const shard& each) { return each.untold != nullptr; });
  if (ready_.empty() && !untold && (promised() > 0 || quiet_ > 0)) co_await changed_.async_wait(no_throw);
  auto given = std::exchange(ready_, {});
  if (given.empty()) tell_failure();
  changed_.cancel();  // for those who want it quiet
  co_return given;
}

void sharded_source::room_grew() { changed_.cancel(); }

void sharded_source::tell_failure() {
  for (shard& each : shards_)
    if (each.untold) std::rethrow_exception(std::exchange(each.untold, nullptr));
  if (std::ranges::all_of(shards_, &shard::failed)) std::rethrow_exception(failure_);
}

// Shards that had nothing keep what they are asked for as long as they wait. So all their reads together are
// for no more than half of the room, but for one entry at least, and those that had something share the rest.
// One shard alone has all of it. Where the room is not enough for all, those come first that have not been
// asked for the longest time.
void sharded_source::begin_reads(std::size_t room) {
  std::size_t left = room - std::min(room, promised());
  std::size_t for_idle = shards_.size() == 1 ? room : std::max<std::size_t>(1, room / 2);
  const std::size_t small = std::max<std::size_t>(1, for_idle / shards_.size());
  for (const shard& each : shards_)
    if (!each.busy) for_idle -= std::min(for_idle, each.asked);
  const auto numbers = readable();
  const auto busy = static_cast<std::size_t>(
      std::ranges::count_if(numbers, [&](std::size_t number) { return shards_[number].busy; }));
  const std::size_t for_busy = left - std::min({left, for_idle, (numbers.size() - busy) * small});
  const std::size_t large = std::max(small, busy == 0 ? 0 : for_busy / busy);
  for (const std::size_t number : numbers) {
    shard& each = shards_[number];
    const std::size_t entries = std::min(left, each.busy ? large : std::min(small, for_idle));
    if (entries == 0) continue;
    each.asked = entries;
    each.turn = ++turns_;
    left -= entries;
    if (!each.busy) for_idle -= entries;
    asio::co_spawn(executor_, read(number), asio::detached);
  }
}

// The numbers of the shards that may be asked now, first those that were asked the longest time ago.
std::vector<std::size_t> sharded_source::readable() const {
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::size_t> numbers;
  for (std::size_t number = 0; number < shards_.size(); ++number)
    if (shards_[number].asked == 0 && shards_[number].rests <= now) numbers.push_back(number);
  std::ranges::stable_sort(numbers, {}, [&](std::size_t number) { return shards_[number].turn; });
  return numbers;
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
    from.failed = false;
    from.untold = nullptr;
    for (delivery& each : received) {
      each.entry = name_of(number, each.entry);
      ready_.push_back(std::move(each));
    }
  } catch (...) {
    failure_ = std::current_exception();
    if (!std::exchange(from.failed, true)) from.untold = failure_;
    from.busy = false;
    from.rests = std::chrono::steady_clock::now() + rest;
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

// Side by side: all begin at once, and one that fails keeps no other from its end. This ends with the
// slowest. The failure of one of them, if any has failed.
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
