// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/scheduling/action.hpp>
#include <carpool/scheduling/admission.hpp>
#include <carpool/scheduling/fair_share.hpp>
#include <carpool/scheduling/flight.hpp>
#include <carpool/scheduling/outcome.hpp>
#include <carpool/scheduling/queue_rules.hpp>
#include <carpool/scheduling/queue_view.hpp>
#include <carpool/scheduling/rides.hpp>
#include <carpool/scheduling/wait_queue.hpp>
#include <carpool/scheduling/waiting_request.hpp>
#include <carpool/time.hpp>

#include <boost/config.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace carpool::scheduling {

/// The queue, its door, who rides along with those who wait or run, and what gives a request its place in the
/// service order beyond its own facts: fair tags and ageing.
class waiting_room {
 public:
  /// The rules from now on; those who wait stay. Returns the shares until now. Strong guarantee.
  std::optional<fair_share> apply(const queue_rules& rules, const limits& bounds) {
    auto share = rules.fair_sharing ? std::optional<fair_share>(rules.key_weight) : std::nullopt;
    for (std::size_t i = 0; share && i < queue_.size(); ++i) share->reserve(queue_[i]);
    admission_.apply(rules, bounds, queue_);
    max_overtaking_ = rules.max_overtaking;
    next_ageing_ = time_point::min();  // to be found out
    share_.swap(share);
    counted_ = share_ || admission_.strict();
    if (share_ || share) retag();
    return share;
  }

  [[nodiscard]] const wait_queue& queue() const noexcept { return queue_; }
  [[nodiscard]] const scheduling::rides& rides() const noexcept { return rides_; }
  [[nodiscard]] scheduling::rides& rides() noexcept { return rides_; }

  // ---- coming

  [[nodiscard]] bool open() const noexcept { return admission_.open(); }
  void close() noexcept { admission_.close(); }
  [[nodiscard]] std::size_t room() const noexcept { return admission_.room(queue_, riders()); }
  /// Requests that may join whoever they are, and without reserve().
  [[nodiscard]] std::size_t spare() const noexcept {
    return counted_ ? 0 : std::min(room(), queue_.capacity() - queue_.size());
  }
  [[nodiscard]] std::optional<outcome> refusal(std::size_t count, time_point deadline, time_point now,
                                               const demand& asked) const noexcept {
    return admission_.refusal(queue_, riders(), count, deadline, now, asked);
  }

  /// Makes the next `count` joins of requests with this key and priority unable to throw. Throws what
  /// key_weight throws.
  void reserve(std::size_t count, const waiting_request& like) {
    queue_.reserve(queue_.size() + count);
    if (!counted_) return;
    if (admission_.strict()) admission_.reserve(like.key);
    if (share_) share_->reserve(like);
  }

  void join(const waiting_request& request) {
    if (counted_)
      join_counted(request);
    else
      join_spare(request);
  }

  /// The same for one of as many as spare() says.
  BOOST_FORCEINLINE void join_spare(const waiting_request& request) {
    if (!queue_.insert_untagged(request)) overtake(request);
  }

  /// Gives a request a part in its ride: it boards, or begins it and joins the queue. False: there is no
  /// memory for that.
  [[nodiscard]] bool share(const waiting_request& request) noexcept {
    if (!rides_.open(request.ride)) {
      if (!rides_.begin(request)) return false;
      join(request);
      return true;
    }
    const bool urgent = rides_.is_urgent(request);
    if (!rides_.board(request)) return false;
    if (urgent) hurry(request.ride);
    return true;
  }

  /// One that has been served for nothing gets its place back. The place as it is now, since those who share
  /// the run may need a better one. reserve() has made room.
  waiting_request put_back(const waiting_request& request) noexcept {
    waiting_request place = request.ride == 0 ? request : rides_.come_back(request);
    place.fair_tag = share_ ? share_->tag_again(place) : 0;
    if (admission_.strict()) admission_.join(place, queue_);
    queue_.put_back(place);
    next_ageing_ = time_point::min();  // somebody may be overtaken
    return place;
  }

  // ---- leaving; each who leaves is handed to `take`

  /// These leave in a batch, to which spans of them are added.
  void serve(positions which, flight& batch) {
    queue_.extract(which, [&](std::span<const waiting_request> requests) {
      if (counted_)
        for (const waiting_request& request : requests) settle(request);
      if (rides_.size() > 0)
        for (const waiting_request& request : requests) rides_.depart(request.ride);
      batch.add(requests);
    });
  }

  /// These leave without being served; how many fewer there are, for the place of a host goes to a rider.
  template <class Take>
  std::size_t remove(positions which, Take take) {
    const std::size_t before = queue_.size();
    const auto leave = leaving(take);
    queue_.extract(which, [&](std::span<const waiting_request> requests) {
      for (const waiting_request& request : requests) leave(request);
    });
    return close_up(before);
  }

  /// The same for all that match.
  template <class Matches, class Take>
  std::size_t remove_if(Matches matches, Take take) {
    const std::size_t before = queue_.size();
    queue_.erase_if(matches, leaving(take));
    return close_up(before);
  }

  /// Before somebody is chosen: who has waited max_overtaking is not overtaken any more, and keys whose
  /// requests have aged or left unserved get their shares back. Neither matters earlier, so it needs no
  /// timer, and many who leave one by one cost no more than one.
  void put_in_order(time_point now) {
    if (now >= next_ageing_) age_all(now);
    if (tags_are_stale_) retag();
  }

 private:
  void join_counted(waiting_request request) {
    if (share_) request.fair_tag = share_->tag(request);
    take_place(request);
  }

  /// The one that belongs to its fair tag.
  void take_place(const waiting_request& request) {
    if (admission_.strict()) admission_.join(request, queue_);
    if (!queue_.insert(request)) overtake(request);
  }

  /// It has a place in front of others.
  void overtake(const waiting_request& request) noexcept {
    if (next_ageing_ == never && lowest_priority() < request.priority && max_overtaking_ < duration::max())
      next_ageing_ = time_point::min();  // somebody is overtaken
  }

  void settle(const waiting_request& served) noexcept {
    if (admission_.strict()) admission_.leave(served);
    if (share_) share_->served(served);
  }

  void age_all(time_point now) {
    next_ageing_ = never;
    std::size_t first = 0;
    while (first < queue_.size() && queue_[first].aged) ++first;
    if (first == queue_.size() || queue_[first].priority == lowest_priority()) return;  // nobody is overtaken
    queue_.reorder([&](waiting_request& request) {
      if (request.aged) return;
      const time_point ages = saturating_add(request.arrival, max_overtaking_);
      request.aged = ages <= now;
      tags_are_stale_ |= request.aged && share_.has_value();
      if (!request.aged && ages < next_ageing_) next_ageing_ = ages;
    });
  }

  [[nodiscard]] std::int16_t lowest_priority() const noexcept { return queue_[queue_.size() - 1].priority; }

  template <class Take>
  auto leaving(Take& take) {
    return [&](const waiting_request& request) {
      if (admission_.strict()) admission_.leave(request);
      if (request.ride != 0) rides_.replace(request);
      take(request);
    };
  }

  /// After some have left a queue of this size.
  std::size_t close_up(std::size_t before) {
    if (queue_.size() == before) return 0;
    rides_.take_successors([this](const waiting_request& successor) {
      take_place(successor);
      next_ageing_ = time_point::min();  // of a lower priority than its host it may be overtaken now
    });
    tags_are_stale_ = share_.has_value();
    return before - queue_.size();
  }

  /// The ride's place in the queue is not good enough for who has just boarded.
  void hurry(std::uint32_t ride) noexcept {
    std::optional<waiting_request> place;
    queue_.erase_if([ride](const waiting_request& each) { return each.ride == ride; },
                    [&](const waiting_request& host) {
                      if (admission_.strict()) admission_.leave(host);
                      place = rides_.agree(host);
                    });
    take_place(*place);
    tags_are_stale_ = share_.has_value();
  }

  [[nodiscard]] std::size_t riders() const noexcept { return rides_.waiting() + rides_.running(); }

  void retag() {
    tags_are_stale_ = false;
    if (share_) share_->retract();
    queue_.reorder([&](waiting_request& request) { request.fair_tag = share_ ? tag_anew(request) : 0; });
  }

  /// One that has been served for nothing was counted then, and one that has aged never is.
  [[nodiscard]] double tag_anew(const waiting_request& request) noexcept {
    if (request.aged) return request.fair_tag;
    return request.failed_over ? share_->tag_again(request) : share_->tag(request);
  }

  wait_queue queue_;
  scheduling::rides rides_;
  admission admission_;
  std::optional<fair_share> share_;  // between keys, if that is wanted
  bool counted_ = false;             // one of these two has to hear of everyone
  bool tags_are_stale_ = false;
  duration max_overtaking_ = duration::max();
  time_point next_ageing_ = never;  // nobody ages before; `never` while all have the same priority
};

}  // namespace carpool::scheduling
