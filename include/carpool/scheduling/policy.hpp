// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/action.hpp>
#include <carpool/scheduling/forecast.hpp>
#include <carpool/scheduling/queue_view.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace carpool {

/// A rule that decides when a batch leaves and what is in it. A class without I/O, clock or thread: it is
/// told what happened and when, and `decide` returns the one action to take now. All calls come from one
/// batcher under its lock, so they must be short and must not call the batcher. Only `decide` and `reserve`
/// may throw, and only std::bad_alloc: they are called again.
///
/// - `on_arrival(request)`: it joined the queue, at `request.arrival`.
/// - `on_removed(count, now)`: waiting requests left without a batch: shed, expired, cancelled.
/// - `on_dispatch(lane, batch, now)`: these requests left as a batch for a lane, which was free and now is
/// busy.
/// - `on_done(lane, now, failed)`: that lane's batch ended and the lane is free.
/// - `decide(now, queue, free_lanes)`: called with at least one waiting request and one free lane, after
/// every event and
///   at a time asked for by wait_until. It may be called at any other time too and its answer dropped: what
///   really left is told by `on_dispatch` and `on_removed`.
///
/// A policy that needs memory for a batch may also have `reserve(lane, count)`, which is called before so
/// many requests leave for this lane: if it throws they stay.
///
/// A policy that learns may also have `forecast(bounds, now)`, which returns a carpool::forecast or an
/// optional one: what it has found out, for people.
template <class P>
concept scheduling_policy = std::movable<P> &&
    requires(P policy, time_point now, std::size_t n, const scheduling::waiting_request& request,
             std::span<const scheduling::waiting_request> batch, const scheduling::queue_view& queue,
             bool failed) {
  policy.on_arrival(request);
  policy.on_removed(n, now);
  policy.on_dispatch(n, batch, now);
  policy.on_done(n, now, failed);
  { policy.decide(now, queue, n) } -> std::convertible_to<scheduling::action>;
};

/// For policies that want to hear of nothing, or not of everything: they have these events, each of which
/// does nothing.
struct indifferent_policy {
  void on_arrival(const scheduling::waiting_request&) noexcept {}
  void on_removed(std::size_t, time_point) noexcept {}
  void on_dispatch(std::size_t, std::span<const scheduling::waiting_request>, time_point) noexcept {}
  void on_done(std::size_t, time_point, bool) noexcept {}
};

namespace scheduling {

/// Any scheduling_policy behind one indirect call per event.
class any_policy {
 public:
  template <class P>
  requires(!std::same_as<P, any_policy> && scheduling_policy<P>) explicit any_policy(P policy)
      : impl_(std::make_unique<holder<P>>(std::move(policy))), hears_arrivals_(hears_arrivals<P>()) {}

  void on_arrival(const waiting_request& request) noexcept {
    if (hears_arrivals_) impl_->on_arrival(request);
  }
  void on_removed(std::size_t count, time_point now) noexcept { impl_->on_removed(count, now); }
  void on_dispatch(std::size_t lane, std::span<const waiting_request> batch, time_point now) noexcept {
    impl_->on_dispatch(lane, batch, now);
  }
  void on_done(std::size_t lane, time_point now, bool failed) noexcept { impl_->on_done(lane, now, failed); }
  /// Before on_dispatch(). Throws std::bad_alloc.
  void reserve(std::size_t lane, std::size_t count) { impl_->reserve(lane, count); }
  /// Throws std::bad_alloc.
  action decide(time_point now, const queue_view& queue, std::size_t free_lanes) {
    return impl_->decide(now, queue, free_lanes);
  }
  /// Empty if the policy has none, or none yet.
  [[nodiscard]] std::optional<carpool::forecast> forecast(const limits& bounds, time_point now) const {
    return impl_->forecast(bounds, now);
  }

 private:
  struct interface {
    virtual ~interface() = default;
    virtual void on_arrival(const waiting_request&) = 0;
    virtual void on_removed(std::size_t, time_point) = 0;
    virtual void reserve(std::size_t, std::size_t) = 0;
    virtual void on_dispatch(std::size_t, std::span<const waiting_request>, time_point) = 0;
    virtual void on_done(std::size_t, time_point, bool) = 0;
    virtual action decide(time_point, const queue_view&, std::size_t) = 0;
    [[nodiscard]] virtual std::optional<carpool::forecast> forecast(const limits&, time_point) const = 0;
  };

  template <class P>
  struct holder final : interface {
    explicit holder(P p) : policy(std::move(p)) {}
    void on_arrival(const waiting_request& request) override { policy.on_arrival(request); }
    void on_removed(std::size_t count, time_point now) override { policy.on_removed(count, now); }
    void reserve([[maybe_unused]] std::size_t lane, [[maybe_unused]] std::size_t count) override {
      if constexpr (requires { policy.reserve(lane, count); }) policy.reserve(lane, count);
    }
    void on_dispatch(std::size_t lane, std::span<const waiting_request> batch, time_point now) override {
      policy.on_dispatch(lane, batch, now);
    }
    void on_done(std::size_t lane, time_point now, bool failed) override {
      policy.on_done(lane, now, failed);
    }
    action decide(time_point now, const queue_view& queue, std::size_t free_lanes) override {
      return policy.decide(now, queue, free_lanes);
    }
    [[nodiscard]] std::optional<carpool::forecast> forecast(const limits& bounds,
                                                            time_point now) const override {
      if constexpr (requires { policy.forecast(bounds, now); })
        return policy.forecast(bounds, now);
      else
        return std::nullopt;
    }
    P policy;
  };

  /// It has an on_arrival of its own.
  template <class P>
  [[nodiscard]] static constexpr bool hears_arrivals() noexcept {
    if constexpr (requires { &P::on_arrival; })
      return !std::same_as<decltype(&P::on_arrival), decltype(&indifferent_policy::on_arrival)>;
    return true;
  }

  std::unique_ptr<interface> impl_;
  bool hears_arrivals_;  // they are many
};

}  // namespace scheduling
}  // namespace carpool
