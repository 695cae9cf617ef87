// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "kafka_source.hpp"

#include "cluster/text_reply.hpp"
#include "kafka_error.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace cluster {
namespace {

std::string header(const rd_kafka_message_t& message, const char* name) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return {};
  return {static_cast<const char*>(value), size};
}

}  // namespace

kafka_source::kafka_source(const asio::any_io_executor& executor, const kafka_settings& settings)
    : topics_(settings.topics), producer_(executor, settings), consumer_(executor, settings) {}

asio::awaitable<std::vector<delivery>> kafka_source::receive(std::size_t room) {
  const auto taken = co_await consumer_.take(room);
  if (taken.empty() && !failing_.empty()) throw kafka_unavailable(failing_);
  std::vector<delivery> received;
  for (const auto& each : taken) received.push_back(to_delivery(each));
  co_return received;
}

asio::awaitable<std::vector<abandoned_entry>> kafka_source::find_abandoned() {
  co_return std::vector<abandoned_entry>{};
}

asio::awaitable<std::optional<delivery>> kafka_source::adopt(std::string) { co_return std::nullopt; }

// Kafka's time limit, `max.poll.interval.ms`, is one for the worker and not for its entries.
asio::awaitable<void> kafka_source::extend(std::vector<std::string>) {
  consumer_.poll();
  co_return;
}

asio::awaitable<void> kafka_source::finish(delivery done, std::string reply) {
  const std::string refused = co_await send_reply(done, std::move(reply));
  if (refused.empty()) {
    consumer_.finish(done.entry);
    co_return;
  }
  std::string reason = encode(text_reply{text_failure{failure_code::unavailable, refused}});
  co_await reject(std::move(done), std::move(reason));
}

asio::awaitable<void> kafka_source::reject(delivery dead, std::string reply) {
  if (!buried_.contains(dead.entry)) {
    co_await bury(dead, reply);
    buried_.insert(dead.entry);
  }
  co_await send_reply(dead, std::move(reply));
  buried_.erase(dead.entry);
  consumer_.finish(dead.entry);
}

// Why the topic will never take it, if so.
asio::awaitable<std::string> kafka_source::send_reply(const delivery& answered, std::string reply) {
  if (answered.reply_to.empty()) co_return std::string{};
  kafka_record record{.topic = answered.reply_to, .key = answered.id, .value = std::move(reply)};
  std::string refused = co_await write(std::move(record));
  if (!refused.empty()) spdlog::warn("entry {} stays without a reply: {}", answered.entry, refused);
  co_return refused;
}

// What its topic will never take must not hold up the partition for ever: it is tried once more without what
// the requester has written, which may be what is too large.
asio::awaitable<void> kafka_source::bury(const delivery& dead, std::string reply) {
  const std::string at = topics_.requests() + ":" + dead.entry.substr(0, dead.entry.find('#'));
  kafka_record whole{.topic = topics_.dead(), .key = dead.id, .value = dead.payload};
  whole.headers = {{"id", dead.id}, {"to", dead.reply_to}, {"r", reply}, {"at", at}};
  std::string refused = co_await write(std::move(whole));
  if (refused.empty()) co_return;
  spdlog::warn("the dead letter for {} goes without its payload: {}", at, refused);
  kafka_record note{.topic = topics_.dead(), .key = at, .value = {}};
  note.headers = {{"r", std::move(reply)}, {"at", at}};
  refused = co_await write(std::move(note));
  if (!refused.empty()) spdlog::error("the request {} is done with, without a dead letter: {}", at, refused);
}

// Why the topic will never take it, if so.
asio::awaitable<std::string> kafka_source::write(kafka_record record) {
  std::string refused;
  try {
    co_await producer_.send(std::move(record));
  } catch (const kafka_refusal& error) {
    refused = error.what();
  } catch (const kafka_unavailable& error) {
    failing_ = error.what();
    throw;
  }
  failing_.clear();
  co_return refused;
}

// Whatever somebody has put into the topic becomes a delivery that can at least be rejected.
delivery kafka_source::to_delivery(const kafka_consumer::request& received) const {
  const rd_kafka_message_t& message = *received.message;
  delivery found{.entry = received.entry,
                 .id = header(message, "id"),
                 .reply_to = header(message, "to"),
                 .times = received.times};
  if (message.payload != nullptr)
    found.payload.assign(static_cast<const char*>(message.payload), message.len);
  if (found.id.empty()) found.id = "entry-" + found.entry;
  if (!topics_.takes_replies(found.reply_to)) found.reply_to.clear();
  return found;
}

}  // namespace cluster
