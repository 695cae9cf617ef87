// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "request_source.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cluster {

/// Several queues, the shards of one, as if they were that one. Entries are called by the number of their
/// shard and their name there, "2/1700000000000-0".
///
/// All shards are waited for at once. A read that waits cannot be taken back, since its queue may just be
/// delivering, so it goes on when receive() has returned with what another shard had. Reads never ask for
/// more than there is room for, all together: what they find is given out by the next receive(), at once.
///
/// A shard that cannot be asked is left alone for a moment and then asked again, and the others go on. Its
/// failure is told once, by a receive() that has nothing to give; again and again only if all have failed.
///
/// Not thread-safe: everything happens on the executor, whose io_context must be run by one thread.
class sharded_source final : public request_source {
 public:
  explicit sharded_source(const asio::any_io_executor& executor);

  /// One more shard, with the next number; the first is 0. It must outlive this.
  void add(request_source& source);

  asio::awaitable<std::vector<delivery>> receive(std::size_t room) override;
  void room_grew() override;

  /// Whoever is to adopt something wants to be alone then: where there is something, it is told when nothing
  /// is read any more and all that was is given out, which takes as long as a shard waits.
  asio::awaitable<std::vector<abandoned_entry>> find_abandoned() override;

  asio::awaitable<std::optional<delivery>> adopt(std::string entry) override;
  asio::awaitable<void> extend(std::vector<std::string> entries) override;
  asio::awaitable<void> finish(delivery done, std::string reply) override;
  asio::awaitable<void> reject(delivery dead, std::string reply) override;

  /// Begins no reads until go_on(), and completes when those that had begun have ended and receive() has
  /// given out what they found. A worker that stops without this leaves entries to their leases.
  asio::awaitable<void> quiet();

  /// Takes one quiet() back, which has completed.
  void go_on();

 private:
  struct shard {
    request_source* source;
    std::size_t asked = 0;                   // for how many entries; 0 if it is not being read
    std::uint64_t turn = 0;                  // when it was asked, as a number; 0 if never
    bool busy = false;                       // whether it had something the last time
    bool failed = false;                     // or could not be asked
    asio::steady_timer::time_point rests{};  // if so, until then
    std::exception_ptr untold = {};          // how, until that has been told
  };

  /// An entry's shard, and what it is called there.
  struct place {
    std::size_t number;
    std::string entry;
  };

  place find(std::string_view entry) const;
  std::size_t promised() const;
  std::vector<std::size_t> readable() const;
  void tell_failure();
  void begin_reads(std::size_t room);
  asio::awaitable<void> read(std::size_t number);
  asio::awaitable<void> find_in(std::size_t number, std::vector<abandoned_entry>& found);
  asio::awaitable<std::exception_ptr> all_of(std::vector<asio::awaitable<void>> operations);

  asio::any_io_executor executor_;
  std::deque<shard> shards_;
  std::vector<delivery> ready_;  // found, and not given out yet
  std::exception_ptr failure_;   // the last one of a read
  std::uint64_t turns_ = 0;      // how often a shard has been asked
  std::size_t quiet_ = 0;        // how many want it to be
  asio::steady_timer changed_;   // never fires; cancelled when something above has changed
};

}  // namespace cluster
