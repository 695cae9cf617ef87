// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "kafka_consumer.hpp"

#include "embed_server/no_throw.hpp"
#include "kafka_error.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace cluster {
namespace {

constexpr std::chrono::seconds longest_wait{1}, longest_leave{10};
using embed_server::no_throw;

// A partition that is paused drops what librdkafka has fetched of it, and fetches it again: so not too soon.
constexpr std::size_t pause_at = 512, resume_at = 128;

// Offsets are committed by librdkafka's timer, and when partitions are revoked, without blocking anybody; but
// only those that finish() has stored.
kafka_conf conf_for(const kafka_settings& settings) {
  return make_conf(settings, {{"auto.commit.interval.ms", "500"}},
                   {{"group.id", settings.topics.group()},
                    {"enable.auto.commit", "true"},
                    {"enable.auto.offset.store", "false"},
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
  poll();
  if (arrived_.empty() && failure_.empty()) {
    changed_.expires_after(longest_wait);
    co_await changed_.async_wait(no_throw);
    poll();
  }
  if (arrived_.empty()) complain_of_failure();
  std::vector<request> taken;
  while (!arrived_.empty() && taken.size() < most) {
    kafka_message message = std::move(arrived_.front());
    arrived_.pop_front();
    std::string entry = ledger_.begin({message->partition, message->offset});
    taken.push_back({std::move(entry), std::move(message)});
  }
  if (arrived_.size() <= resume_at) resume();
  co_return taken;
}

void kafka_consumer::finish(const std::string& entry) {
  const auto committable = ledger_.finish(entry);
  if (!committable) return;
  const kafka_partitions list = list_of(topic_, {committable->partition});
  list->elems[0].offset = committable->offset;
  rd_kafka_offsets_store(handle_.get(), list.get());  // fails if the partition is just being lost
}

void kafka_consumer::poll() {
  while (kafka_message message{rd_kafka_consumer_poll(handle_.get(), 0)}) arrive(std::move(message));
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
  std::erase_if(arrived_, [&](const kafka_message& each) { return each->partition == partition; });
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
  if (!assigned)
    for (int i = 0; i < partitions->cnt; ++i)
      static_cast<kafka_consumer*>(self)->drop(partitions->elems[i].partition);
  const kafka_error failed{assigned ? rd_kafka_incremental_assign(handle, partitions)
                                    : rd_kafka_incremental_unassign(handle, partitions)};
  if (failed) spdlog::error("Kafka: {}", rd_kafka_error_string(failed.get()));
}

// Called by poll(). A single broker that cannot be reached is in the log; others may do.
void kafka_consumer::on_error(rd_kafka_t*, int error, const char* reason, void* self) noexcept {
  if (error == RD_KAFKA_RESP_ERR__TRANSPORT) return;
  static_cast<kafka_consumer*>(self)->fail(reason);
}

asio::awaitable<void> kafka_consumer::leave() {
  arrived_.clear();
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
