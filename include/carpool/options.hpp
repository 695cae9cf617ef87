// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/observe/observer.hpp>
#include <carpool/time.hpp>
#include <carpool/work.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>

namespace carpool {

/// What becomes of a request that alone is more work than `options::max_batch_work`.
enum class oversize {
  run_alone,  ///< it runs as a batch of its own, when its turn comes
  refuse,     ///< it fails with error::too_large when it is submitted
};

/// How a batcher ends what is there. All of them refuse new requests with error::shut_down.
enum class shutdown_mode {
  drain,  ///< everything runs, as always
  flush,  ///< everything runs, as fast as lanes come free: no policy waits for anything any more
  abort,  ///< what waits never runs, and callers of what runs are told at once: error::shut_down
};

/// How a DynamicBatcher behaves. The defaults need no tuning; every field states its unit, range and meaning.
struct options {
  /// Requests in one model run, at least 1. A bound, not a target: nothing is allocated in advance.
  std::size_t max_batch_size = 32;

  /// Work in one model run, in the unit of the requests' work (1 each if nothing says otherwise), more than
  /// zero; infinity means no bound. A batch takes as many of the first requests as cost no more together.
  double max_batch_work = std::numeric_limits<double>::infinity();

  /// What requests cost as one batch: `total_work`, `padded_work` or a function of one's own.
  carpool::batch_work batch_work = &total_work;

  /// What becomes of a request that alone is more than `max_batch_work`.
  carpool::oversize oversize = carpool::oversize::run_alone;

  /// Longest time that a policy which waits for company may hold a request while a lane is free, counted from
  /// the request's own arrival; zero or more. Only `size_or_timeout` looks at this.
  duration max_queue_delay = std::chrono::milliseconds{5};

  /// Requests that may wait at once, at least 1; a submission that would exceed it fails with
  /// `error::queue_full`. Requests in a running batch do not count, but those that share the run of another
  /// one do, waiting or running; see carpool::single_flight.
  std::size_t max_queue_size = 4096;

  /// Work that may wait at once, more than zero; as above, but one request that finds the queue empty is
  /// admitted whatever its work.
  double max_queue_work = std::numeric_limits<double>::infinity();

  /// Requests of one `submit_options::key` that may wait at once, at least 1; as above.
  std::size_t max_queue_size_per_key = std::numeric_limits<std::size_t>::max();

  /// Model instances that run batches side by side, from 1 to 65536; each has a worker thread, unless
  /// `model_executor` is set.
  std::size_t lanes = 1;

  /// Devices that the lanes are on, at least 1: lane i is on device i % devices. Lanes of one device may slow
  /// each other down, and are lost together if a functor throws carpool::device_lost. Those of different
  /// devices have nothing in common.
  std::size_t devices = 1;

  /// Deadline of requests that bring none, from submission on; more than zero. `duration::max()` means none.
  duration default_deadline = duration::max();

  /// How long requests of higher priority may be served before one that came earlier, zero or more: having
  /// waited this long, a request goes before all that have not. So nobody starves. While all who wait have
  /// the same priority it changes nothing.
  duration max_overtaking = std::chrono::seconds{10};

  /// Whether the keys of waiting requests (`submit_options::key`) get equal shares of the service, counted in
  /// work, instead of being served in order of their deadlines. Within a key, the order is that of arrival.
  /// Requests that have waited max_overtaking go first whatever their key, which is not charged for them.
  bool fair_sharing = false;

  /// With fair_sharing, the share of a key in proportion to those of others; finite, more than zero, and
  /// throws nothing that async_submit may not throw. It is asked under the batcher's lock, when a key shows
  /// up, so it must not call the batcher. The answer holds, for requests of the same priority, until
  /// reconfigure(), which asks anew; only of more than a thousand keys and priorities are those forgotten
  /// that have nothing waiting. Empty: 1 for each.
  std::function<double(std::uint64_t)> key_weight = {};

  /// Time after which a batch that still runs is taken for hung, more than zero; `duration::max()` means
  /// never. No policy of the library keeps another lane waiting for such a batch to end.
  duration hung_after = duration::max();

  /// Where batches run. Empty: on one thread per lane, owned by the batcher. Set: batches are posted there
  /// and the batcher owns no worker thread; the caller's own io_context is allowed and the cheapest choice
  /// for tiny models. What is still queued there when the batcher ends holds a copy of the batcher's
  /// executor: where that is a strand, its context must outlive it.
  boost::asio::any_io_executor model_executor = {};

  /// Whether a batch that failed is run again in parts, to find the requests that are to blame: only those
  /// that fail alone fail then. It takes at most 2 log2 n + 1 runs for a batch of n, and all together no more
  /// than there are good runs. Needs functors that can be given their inputs a second time: those that take
  /// `std::span<const In>`, those whose In is trivially copyable (then the lane keeps copies), and those that
  /// say so by `static constexpr bool can_run_again = true`.
  bool isolate_failures = true;

  /// Told what happens; see carpool::observer. Costs nothing when empty.
  std::shared_ptr<carpool::observer> observer = {};

  /// Called with the exception that made a batch fail, or a lane factory in async_reload, on the lane's
  /// thread; what it throws is ignored.
  std::function<void(std::exception_ptr)> on_batch_error = {};
};

/// When a request must be answered: a duration from its arrival on ("within 50 ms"), or a time point that
/// comes from upstream. It arrives when it is submitted; from a handler of the same batcher, when those that
/// are called with that one have returned. Default-constructed, it means `options::default_deadline`.
class time_limit {
 public:
  constexpr time_limit() noexcept = default;

  /// Within this time from the submission on. Zero or less: the request expires at once and never runs.
  template <class Rep, class Period>
  constexpr time_limit(std::chrono::duration<Rep, Period> within) noexcept
      : kind_(kind::within), within_(saturating_cast(within)) {}

  /// At this time.
  constexpr time_limit(time_point at) noexcept : kind_(kind::at), within_(at.time_since_epoch()) {}

  /// `options::default_deadline` is meant.
  [[nodiscard]] constexpr bool is_default() const noexcept { return kind_ == kind::unset; }

  /// A time point is meant, whenever the request is submitted.
  [[nodiscard]] constexpr bool is_time_point() const noexcept { return kind_ == kind::at; }

  /// The duration meant otherwise.
  [[nodiscard]] constexpr duration within(duration default_deadline) const noexcept {
    return kind_ == kind::within ? within_ : default_deadline;
  }

  /// The time point meant, for a request submitted at `now` to a batcher with this default.
  [[nodiscard]] constexpr time_point resolve(time_point now, duration default_deadline) const noexcept {
    if (kind_ == kind::at) return time_point{within_};
    return saturating_add(now, within(default_deadline));
  }

 private:
  enum class kind : unsigned char { unset, within, at };
  kind kind_ = kind::unset;
  duration within_{};
};

/// A request with this deadline waits as long as it takes, whatever `options::default_deadline` says.
inline constexpr time_limit no_deadline{duration::max()};

/// What one submission may ask for. Trivially destructible on purpose: GCC 12 destroys a braced temporary
/// inside a `co_await` expression twice, and `async_submit(x, {.deadline = 50ms})` must be safe there.
struct submit_options {
  time_limit deadline = {};

  /// Higher ones are served first, always, but for `options::max_overtaking`. Every value is allowed.
  std::int8_t priority = 0;

  /// Whose request it is, for `options::fair_sharing` and `options::max_queue_size_per_key`: a number that
  /// stands for a user, a tenant, a connection.
  std::uint64_t key = 0;

  /// Longest time that a policy which waits for company may hold this request while a lane is free, from its
  /// submission on; `size_or_timeout` holds it no longer than `options::max_queue_delay` either.
  duration max_wait = duration::max();
};

/// Throws std::invalid_argument with a sentence that names the first field out of range, its value and the
/// range.
inline void check(const options& given) {
  const auto at_least_one = [](const char* field, std::size_t value) {
    if (value == 0)
      throw std::invalid_argument(std::string("carpool::options::") + field + " is 0; it must be at least 1");
  };
  const auto more_than_zero = [](const char* field, double value) {
    if (!(value > 0))
      throw std::invalid_argument(std::string("carpool::options::") + field + " is " + std::to_string(value) +
                                  "; it must be more than zero");
  };
  const auto refuse = [](const char* field, duration value, const char* range) {
    const auto milliseconds = std::chrono::duration<double, std::milli>(value).count();
    throw std::invalid_argument(std::string("carpool::options::") + field + " is " +
                                std::to_string(milliseconds) + " ms; it must be " + range);
  };
  at_least_one("max_batch_size", given.max_batch_size);
  at_least_one("max_queue_size", given.max_queue_size);
  at_least_one("lanes", given.lanes);
  if (given.lanes > 65536)  // a -1 from somewhere, and no memory would do
    throw std::invalid_argument("carpool::options::lanes is " + std::to_string(given.lanes) +
                                "; it must be at most 65536");
  at_least_one("devices", given.devices);
  at_least_one("max_queue_size_per_key", given.max_queue_size_per_key);
  more_than_zero("max_batch_work", given.max_batch_work);
  more_than_zero("max_queue_work", given.max_queue_work);
  if (given.batch_work == nullptr)
    throw std::invalid_argument("carpool::options::batch_work is null; it must be a function");
  if (given.max_queue_delay < duration::zero())
    refuse("max_queue_delay", given.max_queue_delay, "zero or more");
  if (given.default_deadline <= duration::zero())
    refuse("default_deadline", given.default_deadline, "more than zero");
  if (given.max_overtaking < duration::zero()) refuse("max_overtaking", given.max_overtaking, "zero or more");
  if (given.hung_after <= duration::zero()) refuse("hung_after", given.hung_after, "more than zero");
}

}  // namespace carpool
