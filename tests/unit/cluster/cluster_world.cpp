// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster_world.hpp"

#include "cluster/judgement.hpp"
#include "cluster/text_reply.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace carpool::test {
namespace {

using namespace std::chrono_literals;
using cluster::delivery;
using step_kind = cluster::worker_desk::step;

constexpr std::size_t cap = 24, capacity = 6, gateway_count = 2, worker_count = 3;
constexpr cluster::lease lease{3s};
constexpr std::uint64_t tries = 3;
constexpr cluster::wall_time never = cluster::wall_time::max();

bool is_poison(const std::string& text) { return text.starts_with("poison"); }

// A result that belongs to this text and to no other.
std::uint32_t mark_of(const std::string& text) {
  return static_cast<std::uint32_t>(std::stoul(text.substr(text.find(' ') + 1)));
}

void must(bool holds, const std::string& otherwise) {
  if (!holds) throw violation(otherwise);
}

}  // namespace

cluster_world::cluster_world(std::uint64_t seed, const world_terms& terms, bug planted)
    : terms_(terms), planted_(planted), dice_(seed), redis_(planted) {
  for (std::size_t i = 0; i < gateway_count; ++i)
    gateways_.push_back(std::make_unique<gateway>("gateway" + std::to_string(names_++)));
  for (std::size_t i = 0; i < worker_count; ++i)
    workers_.push_back(std::make_unique<worker>("worker" + std::to_string(names_++),
                                                cluster::desk_limits{capacity, lease, tries}));
}

void cluster_world::step() {
  gateway& somewhere = *gateways_[dice_.below(gateways_.size())];
  auto& somebody = workers_[dice_.below(workers_.size())];
  switch (dice_.below(9)) {
    case 0:
      return pass_time();
    case 1:
      return submit(somewhere);
    case 2:
      return read_replies(somewhere);
    case 3:
    case 4:
      return take_entries(*somebody);
    case 5:
    case 6:
    case 7:
      return end_one(somebody);
    default:
      return fault();
  }
}

// Timers of those who are awake fire in time.
void cluster_world::pass_time() {
  now_ += dice_.milliseconds_below(250);
  for (auto& each : workers_) {
    keep_leases(*each);
    if (dice_.chance(20)) look_for_shards(*each);
  }
  for (auto& each : gateways_) {
    let_callers_leave(*each);
    if (dice_.chance(20)) look_for_shards(*each);
  }
}

void cluster_world::look_for_shards(gateway& by) {
  by.shards = planted_ == bug::shards_used_untold ? shards_model::most : redis_.find_shards();
}

void cluster_world::look_for_shards(worker& by) {
  if (by.asleep) return;
  const std::size_t there = redis_.add_shards(by.told);
  by.shards = planted_ == bug::shards_not_learnt ? by.told : std::max(by.shards, there);
}

void cluster_world::submit(gateway& by) {
  caller who;
  who.deadline = terms_.flushes || (terms_.departures && dice_.chance(30))
                     ? wall_now() + std::chrono::milliseconds{1 + dice_.below(8000)}
                     : never;
  for (std::size_t i = 1 + dice_.below(4); i > 0; --i)
    who.texts.push_back((terms_.poison && dice_.chance(2) ? "poison " : "text ") + std::to_string(texts_++));
  who.shard = dice_.below(by.shards);
  stream_model& shard = redis_.shard(who.shard);
  const bool had_room = std::exchange(has_room_, shard.has_room(who.texts.size(), cap));
  if (planted_ == bug::admission_looks_first && !had_room) return;
  const auto submission = by.replies.expect(who.texts.size());
  std::vector<delivery> requests;
  for (std::size_t i = 0; i < who.texts.size(); ++i)
    requests.push_back(
        {.id = by.replies.id(submission, i),
         .reply_to = by.name,
         .payload = encode(cluster::text_request{.text = who.texts[i], .deadline = who.deadline})});
  who.entries = shard.admit(requests, cap);
  if (who.entries.empty())
    by.replies.forget(submission);
  else
    by.callers[submission] = std::move(who);
  must(shard.length() <= cap, "more entries than may be outstanding");
}

void cluster_world::read_replies(gateway& by) {
  for (const auto& each : redis_.take_replies(by.name)) {
    if (!terms_.flushes) must(++replies_by_id_[each.id] == 1, "two replies to " + each.id);
    accept(by, each);
  }
}

void cluster_world::accept(gateway& by, const stream_model::reply& reply) {
  auto place = by.replies.take(reply.id);
  if (!place && planted_ == bug::repeated_replies_accepted && !by.callers.empty())
    place = cluster::awaited_replies::place{by.callers.begin()->first, 0, false};
  if (!place) return;
  const auto found = by.callers.find(place->submission);
  must(found != by.callers.end(), "a reply for callers who have their answer");
  check_reply(found->second, place->index, reply.payload);
  must(++found->second.replied <= found->second.texts.size(), "more replies than texts");
  must(place->last == (found->second.replied == found->second.texts.size()), "the last reply is another one");
  if (place->last) by.callers.erase(found);
}

void cluster_world::check_reply(const caller& who, std::size_t index, const std::string& payload) const {
  const std::string& text = who.texts.at(index);
  const auto reply = cluster::parse_text_reply(payload);
  if (const auto* result = std::get_if<cluster::text_result>(&reply))
    return must(result->tokens == mark_of(text), "the result of another text for " + text);
  const auto code = std::get<cluster::text_failure>(reply).code;
  if (code == cluster::failure_code::expired)
    return must(wall_now() >= who.deadline, text + " expired before its deadline");
  must(code == cluster::failure_code::poisonous, "a failure that nothing explains");
  must(is_poison(text) || terms_.kills || terms_.growth, text + " was taken for poison");
}

void cluster_world::let_callers_leave(gateway& by) {
  std::erase_if(by.callers, [&](const auto& each) {
    const bool leaves = wall_now() >= each.second.deadline || (terms_.departures && dice_.chance(1));
    if (leaves) by.replies.forget(each.first);
    if (leaves) withdraw(each.second);
    return leaves;
  });
}

// Also those that have been answered: they are gone already.
void cluster_world::withdraw(const caller& left) {
  stream_model& shard = redis_.shard(left.shard);
  for (std::size_t i = 0; i < left.texts.size(); ++i) {
    if (!shard.is_taken(left.entries[i])) unwanted_.insert(left.texts[i]);
    if (planted_ != bug::texts_stay_when_left) shard.withdraw(left.entries[i]);
  }
}

void cluster_world::restart(std::unique_ptr<gateway>& which) {
  const std::string name =
      planted_ == bug::gateway_keeps_its_name ? which->name : "gateway" + std::to_string(names_++);
  which = std::make_unique<gateway>(name);
  look_for_shards(*which);
}

void cluster_world::keep_leases(worker& by) {
  if (by.asleep) return;
  const auto due = by.desk.refresh(now());
  if (planted_ != bug::lease_not_refreshed) redis_.refresh(due, by.name, now());
  if (now() < by.next_look) return;
  by.next_look = now() + lease.look_interval();
  by.desk.found(redis_.idle(lease, now(), by.shards));
}

void cluster_world::take_entries(worker& by) {
  if (by.asleep) return;
  auto next = by.desk.next();
  if (planted_ == bug::adopted_among_others && next == step_kind::wait && by.desk.held() < capacity) {
    for (const auto& each : redis_.idle(lease, now(), by.shards))
      if (const auto taken = redis_.claim(each.entry, by.name, lease, now())) begin(by, *taken);
    return;
  }
  if (next == step_kind::adopt) return adopt(by);
  if (next != step_kind::receive) return;
  const auto read = redis_.read(by.name, by.desk.room(), now(), by.shards, dice_.below(by.shards));
  for (const delivery& each : read) begin(by, each);
  must(by.desk.held() <= capacity, "a worker holds more than it may");
}

void cluster_world::adopt(worker& by) {
  const std::string entry = by.desk.next_abandoned();
  const auto adopted = redis_.claim(entry, by.name, lease, now());
  if (!adopted) return;
  check_abandoned(entry);
  if (!terms_.kills && !terms_.growth && !terms_.pauses)
    must(is_poison(cluster::parse_text_request(adopted->payload).text) || adopted->times <= 2,
         "an innocent text was with poison more than once");
  must(by.desk.held() == 0, "an entry was adopted that is not alone");
  begin(by, *adopted);
}

// Slow is not dead.
void cluster_world::check_abandoned(const std::string& entry) const {
  for (const auto& each : workers_)
    must(each->asleep || !each->running.contains(entry), "an entry was taken from a worker that lives");
}

void cluster_world::begin(worker& by, const delivery& received) {
  const bool worth_trying = by.desk.begin(received, now()) || planted_ == bug::tried_for_ever;
  auto found = cluster::judge(received, worth_trying, wall_now());
  if (found.what == cluster::judgement::action::finish && planted_ == bug::expired_are_run)
    found = {.request = cluster::parse_text_request(received.payload)};
  switch (found.what) {
    case cluster::judgement::action::run:
      must(wall_now() < found.request.deadline, "a text is run whose deadline has passed");
      must(!unwanted_.contains(found.request.text), "a text is run that nobody waited for any more");
      must(++runs_by_text_[found.request.text] <= static_cast<int>(tries) || !is_poison(found.request.text),
           "poison is tried once too often");
      by.running[received.entry] = received;
      return;
    case cluster::judgement::action::finish:
      redis_.finish(received, encode(cluster::text_reply{found.failure}));
      break;
    case cluster::judgement::action::reject:
      redis_.reject(received, encode(cluster::text_reply{found.failure}));
      break;
  }
  by.desk.end(received.entry);
}

void cluster_world::end_one(std::unique_ptr<worker>& which) {
  if (which->asleep || which->running.empty()) return;
  auto at = which->running.begin();
  std::advance(at, dice_.below(which->running.size()));
  const std::string text = cluster::parse_text_request(at->second.payload).text;
  if (is_poison(text)) return kill(which);
  redis_.finish(at->second, encode(cluster::text_reply{cluster::text_result{.tokens = mark_of(text)}}));
  which->desk.end(at->first);
  which->running.erase(at);
}

// Whoever watches over the programs starts another one.
void cluster_world::kill(std::unique_ptr<worker>& which) {
  which = std::make_unique<worker>("worker" + std::to_string(names_++),
                                   cluster::desk_limits{capacity, lease, tries});
  if (terms_.growth && dice_.chance(20)) which->told = 1 + dice_.below(shards_model::most);
  look_for_shards(*which);
}

void cluster_world::fault() {
  auto& somebody = workers_[dice_.below(workers_.size())];
  if ((terms_.kills || terms_.growth) && dice_.chance(4)) kill(somebody);
  if (terms_.pauses && dice_.chance(10)) {
    somebody->asleep = !somebody->asleep;
    keep_leases(*somebody);
  }
  if (terms_.restarts && dice_.chance(5)) restart(gateways_[dice_.below(gateways_.size())]);
  if (terms_.flushes && dice_.chance(1)) redis_.flush();
}

bool cluster_world::all_quiet() const {
  return redis_.length() == 0 && redis_.pending() == 0 &&
         std::ranges::all_of(gateways_, [](const auto& each) { return each->callers.empty(); });
}

void cluster_world::settle() {
  for (auto& each : workers_) each->asleep = false;
  for (int i = 0; i < 5000 && !all_quiet(); ++i) {
    pass_time();
    for (auto& each : workers_) take_entries(*each);
    for (auto& each : workers_) end_one(each);
    for (auto& each : gateways_) read_replies(*each);
  }
  must(redis_.length() == 0, "entries were left behind");
  must(redis_.pending() == 0, "entries were left pending");
  for (const auto& each : gateways_) must(each->callers.empty(), "callers were left without an answer");
}

}  // namespace carpool::test
