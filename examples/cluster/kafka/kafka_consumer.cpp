// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "kafka_consumer.hpp"

#include "embed_server/no_throw.hpp"
#include "kafka_error.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

namespace cluster {
namespace {

constexpr std::chrono::seconds longest_wait{1}, longest_leave{10};
constexpr std::chrono::milliseconds commit_pause{500}, longest_look{1000};
using embed_server::no_throw;

// A partition that is paused drops what librdkafka has fetched of it, and fetches it again: so not too soon.
constexpr std::size_t pause_at = 512, resume_at = 128;

// librdkafka would commit offsets without their metadata.
kafka_conf conf_for(const kafka_settings& settings) {
  return make_conf(settings, {},
                   {{"group.id", settings.topics.group()},
                    {"enable.auto.commit", "false"},
                    {"auto.commit.interval.ms", "0"},   // never
                    {"auto.offset.reset", "earliest"},  // requests may be there before the first worker is
                    {"partition.assignment.strategy", "cooperative-sticky"},
                    {"enable.partition.eof", "false"}});
}

kafka_partitions list_of(const std::string& topic, const std::set<std::int32_t>& partitions) {
  kafka_partitions list{rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size()))};
  for (const std::int32_t each : partitions)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), each);
  return list;
}

kafka_partitions offsets_of(const std::string& topic, const std::vector<bookmark>& marks) {
  kafka_partitions list{rd_kafka_topic_partition_list_new(static_cast<int>(marks.size()))};
  for (const bookmark& each : marks) {
    auto* const added = rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), each.partition);
    added->offset = each.offset;
    const std::string metadata = metadata_of(each);
    added->metadata = ::strndup(metadata.data(), metadata.size());  // belongs to the list, which frees it
    added->metadata_size = metadata.size();
  }
  return list;
}

offset_ledger::position position_of(const rd_kafka_message_t& message) {
  return {message.partition, message.offset};
}

}  // namespace

kafka_consumer::kafka_consumer(const asio::any_io_executor& executor, const kafka_settings& settings)
    : executor_(executor),
      topic_(settings.topics.requests()),
      changed_(executor),
      failed_(executor, asio::steady_timer::time_point::max()),
      handle_([&] {
        kafka_conf conf = conf_for(settings);
        rd_kafka_conf_set_opaque(conf.get(), this);
        rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
        rd_kafka_conf_set_error_cb(conf.get(), on_error);
        kafka_handle handle = make_handle(RD_KAFKA_CONSUMER, std::move(conf));
        rd_kafka_poll_set_consumer(handle.get());  // one queue for everything
        return handle;
      }()),
      bell_(executor, kafka_queue{rd_kafka_queue_get_consumer(handle_.get())}, [this] { poll(); }) {
  rd_kafka_subscribe(handle_.get(), list_of(topic_, {RD_KAFKA_PARTITION_UA}).get());
}

asio::awaitable<std::vector<kafka_consumer::request>> kafka_consumer::take(std::size_t most) {
  put_back();
  poll();
  if (arrived_.empty() && failure_.empty()) {
    changed_.expires_after(longest_wait);
    co_await changed_.async_wait(no_throw);
    poll();
  }
  if (arrived_.empty()) complain_of_failure();
  read_bookmarks();
  choose(most);
  if (!chosen_.empty()) {
    co_await commit_beginning();
  } else if (!arrived_.empty()) {  // what is to be given out by itself
    changed_.expires_after(longest_wait);
    co_await changed_.async_wait(no_throw);
  }
  if (arrived_.size() <= resume_at) resume();
  co_return begin();
}

// What was chosen, and could not be committed.
void kafka_consumer::put_back() {
  for (; !chosen_.empty(); chosen_.pop_back()) arrived_.push_front(std::move(chosen_.back()));
}

// What its worker may have died of is chosen by itself.
void kafka_consumer::choose(std::size_t most) {
  while (!arrived_.empty() && chosen_.size() < most) {
    const bool again = ledger_.times(position_of(*arrived_.front())) > 1;
    if (again && (!chosen_.empty() || !ledger_.idle())) return;
    chosen_.push_back(std::move(arrived_.front()));
    arrived_.pop_front();
    if (again) return;
  }
}

asio::awaitable<void> kafka_consumer::commit_beginning() {
  changed_.expires_at(asio::steady_timer::time_point::max());
  while (committing_ > 0) co_await changed_.async_wait(no_throw);  // or it could overtake this one
  if (chosen_.empty()) co_return;
  std::vector<offset_ledger::position> positions;
  for (const auto& each : chosen_) positions.push_back(position_of(*each));
  committed_.reset();
  commit(ledger_.before(positions), &committed_);
  while (!committed_) co_await changed_.async_wait(no_throw);
  if (*committed_ != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw kafka_unavailable(std::string("it cannot be committed that requests are begun: ") +
                            rd_kafka_err2str(*committed_));
}

std::vector<kafka_consumer::request> kafka_consumer::begin() {
  std::vector<request> begun;
  for (; !chosen_.empty(); chosen_.pop_front()) {
    const auto position = position_of(*chosen_.front());
    const std::uint64_t times = ledger_.times(position);
    begun.push_back({ledger_.begin(position), std::move(chosen_.front()), times});
  }
  return begun;
}

void kafka_consumer::finish(const std::string& entry) {
  if (const auto changed = ledger_.finish(entry)) finished_.insert(changed->partition);
  if (ledger_.idle() && !arrived_.empty()) changed_.cancel();
}

// Not while something is chosen: what is committed for that must not be overwritten.
void kafka_consumer::commit_finished() {
  const auto now = std::chrono::steady_clock::now();
  if (finished_.empty() || !chosen_.empty() || committing_ > 0 || now < next_commit_) return;
  next_commit_ = now + commit_pause;
  std::vector<bookmark> marks;
  for (const std::int32_t each : std::exchange(finished_, {})) marks.push_back(ledger_.mark(each));
  commit(marks);
}

void kafka_consumer::commit(const std::vector<bookmark>& marks, commit_result* result) {
  ++committing_;
  rd_kafka_commit_queue(handle_.get(), offsets_of(topic_, marks).get(), bell_.queue(), on_commit, result);
}

void kafka_consumer::read_bookmarks() {
  if (unread_.empty()) return;
  const kafka_partitions list = list_of(topic_, unread_);
  auto failed = rd_kafka_committed(handle_.get(), list.get(), static_cast<int>(longest_look.count()));
  for (int i = 0; i < list->cnt && failed == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) failed = list->elems[i].err;
  if (failed != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw kafka_unavailable(std::string("what others have begun is not known: ") + rd_kafka_err2str(failed));
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& each = list->elems[i];
    const std::string_view metadata{static_cast<const char*>(each.metadata), each.metadata_size};
    if (each.offset >= 0) ledger_.open(parse_bookmark(each.partition, each.offset, metadata));
  }
  unread_.clear();
}

void kafka_consumer::poll() {
  while (kafka_message message{rd_kafka_consumer_poll(handle_.get(), 0)}) arrive(std::move(message));
  commit_finished();
}

void kafka_consumer::arrive(kafka_message message) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail(rd_kafka_message_errstr(message.get()));
  } else {
    failure_.clear();  // it is over
    if (arrived_.size() >= pause_at) pause(message->partition);
    arrived_.push_back(std::move(message));
  }
  changed_.cancel();
}

void kafka_consumer::fail(const char* why) {
  failure_ = why;
  failed_.cancel();
  changed_.cancel();
}

void kafka_consumer::pause(std::int32_t partition) {
  if (!paused_.insert(partition).second) return;
  rd_kafka_pause_partitions(handle_.get(), list_of(topic_, {partition}).get());
}

void kafka_consumer::resume() {
  if (paused_.empty()) return;
  rd_kafka_resume_partitions(handle_.get(), list_of(topic_, std::exchange(paused_, {})).get());
}

void kafka_consumer::complain_of_failure() {
  std::array<char, 512> fatal{};
  if (rd_kafka_fatal_error(handle_.get(), fatal.data(), fatal.size()) != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw kafka_unavailable(fatal.data());
  if (!failure_.empty()) throw kafka_unavailable(std::exchange(failure_, {}));
}

asio::awaitable<void> kafka_consumer::broken() {
  while (rd_kafka_fatal_error(handle_.get(), nullptr, 0) == RD_KAFKA_RESP_ERR_NO_ERROR)
    co_await failed_.async_wait(no_throw);
}

// The partition goes to another worker.
void kafka_consumer::drop(std::int32_t partition) {
  const auto is_of_it = [&](const kafka_message& each) { return each->partition == partition; };
  std::erase_if(arrived_, is_of_it);
  unread_.erase(partition);
  const bool finished = finished_.erase(partition) > 0, chosen = std::erase_if(chosen_, is_of_it) > 0;
  if ((finished || chosen) && ledger_.has(partition)) commit({ledger_.mark(partition)});
  ledger_.forget(partition);
  if (paused_.erase(partition) == 0) return;
  rd_kafka_resume_partitions(handle_.get(), list_of(topic_, {partition}).get());  // or it comes back paused
}

// Called by poll(). What is not revoked here goes on meanwhile: the protocol is the cooperative one.
void kafka_consumer::on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what,
                                  rd_kafka_topic_partition_list_t* partitions, void* self) noexcept {
  const bool assigned = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  if (partitions->cnt > 0)
    spdlog::info("Kafka: {} partitions {} this worker", partitions->cnt, assigned ? "come to" : "leave");
  auto& mine = *static_cast<kafka_consumer*>(self);
  for (int i = 0; i < partitions->cnt; ++i) {
    const std::int32_t partition = partitions->elems[i].partition;
    if (assigned)
      mine.unread_.insert(partition);
    else
      mine.drop(partition);
  }
  const kafka_error failed{assigned ? rd_kafka_incremental_assign(handle, partitions)
                                    : rd_kafka_incremental_unassign(handle, partitions)};
  if (failed) spdlog::error("Kafka: {}", rd_kafka_error_string(failed.get()));
}

// Called by poll(). What could not be committed, because the broker is away or partitions are being shared
// out, is committed later.
void kafka_consumer::on_commit(rd_kafka_t* handle, rd_kafka_resp_err_t error,
                               rd_kafka_topic_partition_list_t* partitions, void* result) noexcept {
  auto& mine = *static_cast<kafka_consumer*>(rd_kafka_opaque(handle));
  --mine.committing_;
  if (result != nullptr) *static_cast<commit_result*>(result) = error;
  for (int i = 0; error != RD_KAFKA_RESP_ERR_NO_ERROR && partitions != nullptr && i < partitions->cnt; ++i)
    if (mine.ledger_.has(partitions->elems[i].partition))
      mine.finished_.insert(partitions->elems[i].partition);
  mine.changed_.cancel();
}

// Called by poll(). A single broker that cannot be reached is in the log; others may do.
void kafka_consumer::on_error(rd_kafka_t*, int error, const char* reason, void* self) noexcept {
  if (error == RD_KAFKA_RESP_ERR__TRANSPORT) return;
  static_cast<kafka_consumer*>(self)->fail(reason);
}

asio::awaitable<void> kafka_consumer::leave() {
  arrived_.clear();
  chosen_.clear();
  closing_.emplace(executor_, kafka_queue{rd_kafka_queue_new(handle_.get())}, [this] {
    poll();
    changed_.cancel();
  });
  const kafka_error failed{rd_kafka_consumer_close_queue(handle_.get(), closing_->queue())};
  if (failed) throw kafka_unavailable(rd_kafka_error_string(failed.get()));
  const auto until = std::chrono::steady_clock::now() + longest_leave;
  while (rd_kafka_consumer_closed(handle_.get()) == 0) {
    if (std::chrono::steady_clock::now() >= until)
      throw kafka_unavailable("the group of workers has not heard in time that this one leaves");
    changed_.expires_at(until);
    co_await changed_.async_wait(no_throw);
  }
}

}  // namespace cluster
