// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Gateways, Redis and workers under a virtual clock. What is simulated is what examples/cluster does with
// each text: a command that lets it in, a share of a read, a batch, a command that replies. Gateways are
// taken to be many enough and networks wide enough, nothing fails, and the queue is never full.

#pragma once

#include "redis_thread.hpp"
#include "simulated_worker.hpp"
#include <carpool/simulate/dice.hpp>
#include <carpool/simulate/lanes.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

namespace bench {

struct cluster_plan {
  std::size_t workers = 1;
  std::size_t shards = 1;
  std::size_t callers = 0;  ///< who ask again as soon as they are answered; 0: texts come at random
  double rate = 1;          ///< then, texts per second
  double seconds = 1;       ///< the first half is not measured
  carpool::simulate::lane_model model;
  std::size_t max_batch_size = 64;
  redis_costs redis;
  double network = 100e-6;  ///< seconds from one machine to another
  std::uint64_t seed = 1;
};

struct cluster_measurement {
  double answered_per_second = 0;
  std::vector<carpool::duration> latencies;  ///< ascending, from the gateway and back to it
  double mean_batch = 0;
  double busiest_redis = 0;  ///< share of its time
};

class simulated_cluster {
 public:
  explicit simulated_cluster(const cluster_plan& plan)
      : plan_(plan),
        network_(carpool::simulate::from_seconds(plan.network)),
        dice_(plan.seed),
        shards_(plan.shards) {
    for (std::size_t i = 0; i < plan.workers; ++i) {
      workers_.push_back({simulated_worker{plan.model, plan.max_batch_size, plan.seed + i + 1}, {}});
      workers_.back().reads.resize(plan.shards);
    }
    end_ = carpool::time_point{} + carpool::simulate::from_seconds(plan.seconds);
    measured_from_ = carpool::time_point{} + (end_ - carpool::time_point{}) / 2;
    for (std::size_t i = 0; i < plan.workers; ++i) ask(i, {});
    if (plan.callers == 0) arrive({});
    for (std::size_t i = 0; i < plan.callers; ++i) ask_shard({});
  }

  [[nodiscard]] cluster_measurement run() {
    while (!events_.empty() && events_.top().at < end_) {
      const event next = events_.top();
      events_.pop();
      happen(next);
    }
    return result();
  }

 private:
  static constexpr std::chrono::milliseconds longest_wait{500};  // for an entry, as redis_source waits

  enum class what { asks, admitted, read, read_ends, delivered, worker, finished, heard };

  struct text;

  struct event {
    carpool::time_point at;
    std::uint64_t number;  // of two at the same time the earlier one goes first
    what kind;
    std::size_t place;  // a shard
    std::size_t who;    // a worker
    std::size_t left;   // how many texts a read still brings, this one included; or which read it is
    text* about;

    bool operator>(const event& other) const {
      return std::tie(at, number) > std::tie(other.at, other.number);
    }
  };

  struct text {
    carpool::time_point asked;
    std::size_t shard;
    std::size_t worker;
  };

  struct read {
    std::size_t asked = 0;   // for how many entries; 0 if there is none under way
    std::uint64_t turn = 0;  // when it began, as a number; 0 if there was none
    bool busy = false;       // whether the last one found something
  };

  struct worker {
    simulated_worker batching;
    std::vector<read> reads;  // of each shard
    std::size_t promised = 0;
    std::uint64_t turns = 0;  // how often it has begun to read
    carpool::time_point woken_at = carpool::never;
  };

  /// A worker that waits for an entry, with the number of its read among those of the shard.
  struct blocked_read {
    std::size_t who;
    std::size_t number;
  };

  struct shard {
    redis_thread redis;
    std::deque<text*> waiting;
    std::deque<blocked_read> blocked;  // longest first
    std::size_t reads = 0;
  };

  void schedule(carpool::time_point at, what kind, std::size_t place, std::size_t who, text* about = nullptr,
                std::size_t left = 0) {
    events_.push({at, number_++, kind, place, who, left, about});
  }

  void happen(const event& now) {
    switch (now.kind) {
      case what::asks:
        return admit(now.at, now.place);
      case what::admitted:
        return store(now.at, now.place, now.about);
      case what::read:
        return look(now.at, now.place, now.who);
      case what::read_ends:
        return end_read(now.at, now.place, now.who, now.left);
      case what::delivered:
        return deliver(now.at, now.place, now.who, now.about, now.left);
      case what::worker:
        return work(now.at, now.who);
      case what::finished:
        return finish(now.at, now.about);
      case what::heard:
        workers_[now.who].batching.let_go();
        return ask(now.who, now.at);
    }
  }

  // ---- gateways

  void arrive(carpool::time_point now) {
    ask_shard(now + carpool::simulate::from_seconds(dice_.exponential(1 / plan_.rate)));
  }

  void ask_shard(carpool::time_point now) {
    const auto number = static_cast<std::size_t>(dice_.uniform() * static_cast<double>(shards_.size()));
    schedule(now + network_, what::asks, std::min(number, shards_.size() - 1), 0);
  }

  void admit(carpool::time_point now, std::size_t number) {
    if (plan_.callers == 0) arrive(now - network_);
    const auto done = shards_[number].redis.run(now, plan_.redis.admit);
    schedule(done, what::admitted, number, 0, make_text(now - network_, number));
  }

  text* make_text(carpool::time_point asked, std::size_t number) {
    if (spare_.empty()) spare_.push_back(&texts_.emplace_back());
    text* made = spare_.back();
    spare_.pop_back();
    *made = {asked, number, 0};
    return made;
  }

  // ---- Redis

  void store(carpool::time_point now, std::size_t number, text* arrived) {
    shard& at = shards_[number];
    at.waiting.push_back(arrived);
    if (at.blocked.empty()) return;
    const std::size_t who = at.blocked.front().who;
    at.blocked.pop_front();
    hand_out(now, number, who, 0);
  }

  void look(carpool::time_point now, std::size_t number, std::size_t who) {
    shard& at = shards_[number];
    if (!at.waiting.empty()) return hand_out(now, number, who, plan_.redis.read);
    at.redis.run(now, plan_.redis.read);
    at.blocked.push_back({who, ++at.reads});
    schedule(now + longest_wait, what::read_ends, number, who, nullptr, at.reads);
  }

  void end_read(carpool::time_point now, std::size_t number, std::size_t who, std::size_t which) {
    auto& blocked = shards_[number].blocked;
    const auto found = std::find_if(blocked.begin(), blocked.end(),
                                    [&](const blocked_read& each) { return each.number == which; });
    if (found == blocked.end()) return;
    blocked.erase(found);
    end_read(who, number, false);
    ask(who, now);
  }

  void hand_out(carpool::time_point now, std::size_t number, std::size_t who, double seconds) {
    shard& at = shards_[number];
    const std::size_t count = std::min(at.waiting.size(), workers_[who].reads[number].asked);
    const auto done = at.redis.run(now, seconds);
    for (std::size_t left = count; left > 0; --left) {
      schedule(done + network_, what::delivered, number, who, at.waiting.front(), left);
      at.waiting.pop_front();
    }
  }

  void finish(carpool::time_point now, text* done) {
    const auto told = shards_[done->shard].redis.run(now, plan_.redis.pass_on) + network_;
    if (told >= measured_from_ && told < end_) latencies_.push_back(told - done->asked);
    schedule(told, what::heard, 0, done->worker);
    if (plan_.callers > 0) ask_shard(told);
    spare_.push_back(done);
  }

  // ---- workers

  /// Asks the shards for what there is room for, as cluster::sharded_source does: shards that had nothing get
  /// at most half of the room, those that had something share the rest, and those that were asked the longest
  /// time ago come first.
  void ask(std::size_t who, carpool::time_point now) {
    worker& self = workers_[who];
    const std::size_t room = self.batching.room(), count = self.reads.size();
    std::size_t left = room - std::min(room, self.promised);
    if (left == 0) return;
    std::size_t for_idle = count == 1 ? room : std::max<std::size_t>(1, room / 2);
    const std::size_t small = std::max<std::size_t>(1, for_idle / count);
    std::vector<std::size_t> readable;
    std::size_t busy = 0;
    for (std::size_t number = 0; number < count; ++number) {
      const read& each = self.reads[number];
      if (!each.busy) for_idle -= std::min(for_idle, each.asked);
      if (each.asked > 0) continue;
      readable.push_back(number);
      if (each.busy) ++busy;
    }
    std::ranges::stable_sort(readable, {}, [&](std::size_t number) { return self.reads[number].turn; });
    const std::size_t for_busy = left - std::min({left, for_idle, (readable.size() - busy) * small});
    const std::size_t large = std::max(small, busy == 0 ? 0 : for_busy / busy);
    for (const std::size_t number : readable) {
      read& each = self.reads[number];
      const std::size_t entries = std::min(left, each.busy ? large : std::min(small, for_idle));
      if (entries == 0) continue;
      each.asked = entries;
      each.turn = ++self.turns;
      left -= entries;
      if (!each.busy) for_idle -= entries;
      self.promised += entries;
      schedule(now + network_, what::read, number, who);
    }
  }

  // One of the `left` texts that a read still brings.
  void deliver(carpool::time_point now, std::size_t number, std::size_t who, text* received,
               std::size_t left) {
    worker& self = workers_[who];
    received->worker = who;
    self.batching.take(received, now);
    if (left > 1) return;
    end_read(who, number, true);
    work(now, who);
    ask(who, now);
  }

  void end_read(std::size_t who, std::size_t number, bool found) {
    read& ended = workers_[who].reads[number];
    workers_[who].promised -= std::exchange(ended.asked, 0);
    ended.busy = found;
  }

  void work(carpool::time_point now, std::size_t who) {
    worker& self = workers_[who];
    if (self.woken_at <= now) self.woken_at = carpool::never;
    self.batching.update(now, [&](void* text_of) {
      schedule(now + network_, what::finished, 0, who, static_cast<text*>(text_of));
    });
    const auto next = self.batching.next();
    if (next < self.woken_at) schedule(self.woken_at = next, what::worker, 0, who);
  }

  // ----

  [[nodiscard]] cluster_measurement result() {
    cluster_measurement seen;
    const double seconds = carpool::simulate::to_seconds(end_ - measured_from_);
    std::sort(latencies_.begin(), latencies_.end());
    seen.answered_per_second = static_cast<double>(latencies_.size()) / seconds;
    seen.latencies = std::move(latencies_);
    std::uint64_t texts = 0, batches = 0;
    for (const worker& each : workers_) texts += each.batching.texts(), batches += each.batching.batches();
    seen.mean_batch = batches == 0 ? 0 : static_cast<double>(texts) / static_cast<double>(batches);
    for (const shard& each : shards_)
      seen.busiest_redis =
          std::max(seen.busiest_redis, std::min(1.0, each.redis.busy_seconds() / plan_.seconds));
    return seen;
  }

  cluster_plan plan_;
  carpool::duration network_;
  carpool::simulate::dice dice_;
  std::vector<shard> shards_;
  std::vector<worker> workers_;
  std::deque<text> texts_;    // their addresses are the schedulers' handles
  std::vector<text*> spare_;  // texts that are over
  std::priority_queue<event, std::vector<event>, std::greater<>> events_;
  std::uint64_t number_ = 0;
  carpool::time_point end_{};
  carpool::time_point measured_from_{};
  std::vector<carpool::duration> latencies_;
};

}  // namespace bench
