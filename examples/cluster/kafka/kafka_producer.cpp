// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "kafka_producer.hpp"

#include "kafka_error.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>

namespace cluster {
namespace {

// No idempotent producer, and so no transactional one: its fatal errors would ask for a new one, and a reply
// may be written twice anyway.
kafka_conf conf_for(const kafka_settings& settings, void* self,
                    void (*report)(rd_kafka_t*, const rd_kafka_message_t*, void*)) {
  kafka_conf conf =
      make_conf(settings,
                {{"linger.ms", "0"},
                 {"batch.size", "65536"},  // topics that take less refuse batches, not only large records
                 {"message.timeout.ms", "5000"},
                 {"topic.metadata.propagation.max.ms", "5000"}},  // then a topic that is unknown is gone
                {{"acks", "all"},
                 {"enable.idempotence", "false"},
                 {"delivery.report.only.error", "false"},  // send() waits for all reports
                 {"allow.auto.create.topics", "false"}});  // requesters name topics, and must not create them
  rd_kafka_conf_set_opaque(conf.get(), self);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), report);
  return conf;
}

bool would_fail_again(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return true;
    default:
      return false;
  }
}

void check(rd_kafka_resp_err_t error, const std::string& topic) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const std::string what =
      "the topic " + topic + " of Kafka has not taken a record: " + rd_kafka_err2str(error);
  if (would_fail_again(error)) throw kafka_refusal(what);
  throw kafka_unavailable(what);
}

rd_kafka_vu_t with_text(rd_kafka_vtype_t type, const std::string& text) {
  rd_kafka_vu_t given{};
  given.vtype = type;
  given.u.mem = {const_cast<char*>(text.data()), text.size()};  // only read, and copied at once
  return given;
}

// A list of our own: those that rd_kafka_produceva makes by itself are freed twice (in librdkafka 2.0 at
// least) when it is known that the topic is not there.
kafka_headers headers_of(const kafka_record& record) {
  kafka_headers headers{rd_kafka_headers_new(record.headers.size())};
  for (const auto& [name, value] : record.headers)
    rd_kafka_header_add(headers.get(), name.c_str(), -1, value.data(), static_cast<ssize_t>(value.size()));
  return headers;
}

}  // namespace

struct kafka_producer::receipt {
  explicit receipt(const asio::any_io_executor& executor)
      : arrived(executor, asio::steady_timer::time_point::max()) {}

  asio::steady_timer arrived;  // never fires
  std::optional<rd_kafka_resp_err_t> result;
};

kafka_producer::kafka_producer(const asio::any_io_executor& executor, const kafka_settings& settings)
    : executor_(executor),
      handle_(make_handle(RD_KAFKA_PRODUCER, conf_for(settings, this, report))),
      bell_(executor, kafka_queue{rd_kafka_queue_get_main(handle_.get())},
            [this] { rd_kafka_poll(handle_.get(), 0); }) {}

asio::awaitable<void> kafka_producer::send(kafka_record record) {
  const std::uintptr_t number = ++last_;
  const auto awaited = std::make_shared<receipt>(executor_);
  produce(record, number);
  awaited_.emplace(number, awaited);
  while (!awaited->result) co_await awaited->arrived.async_wait(asio::as_tuple(asio::use_awaitable));
  check(*awaited->result, record.topic);
}

void kafka_producer::produce(const kafka_record& record, std::uintptr_t number) {
  std::vector<rd_kafka_vu_t> parts(3);
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = record.topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[1].u.i = RD_KAFKA_MSG_F_COPY;
  parts[2].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[2].u.ptr = reinterpret_cast<void*>(number);
  parts.push_back(with_text(RD_KAFKA_VTYPE_KEY, record.key));
  parts.push_back(with_text(RD_KAFKA_VTYPE_VALUE, record.value));
  kafka_headers headers = headers_of(record);
  parts.emplace_back().vtype = RD_KAFKA_VTYPE_HEADERS;
  parts.back().u.headers = headers.get();
  const kafka_error failed{rd_kafka_produceva(handle_.get(), parts.data(), parts.size())};
  if (failed) check(rd_kafka_error_code(failed.get()), record.topic);
  headers.release();  // they belong to the record that is under way
}

// Called by rd_kafka_poll, for every record once.
void kafka_producer::report(rd_kafka_t*, const rd_kafka_message_t* sent, void* self) noexcept {
  auto& awaited = static_cast<kafka_producer*>(self)->awaited_;
  const auto found = awaited.find(reinterpret_cast<std::uintptr_t>(sent->_private));
  if (found == awaited.end()) return;
  found->second->result = sent->err;
  found->second->arrived.cancel();
  awaited.erase(found);
}

}  // namespace cluster
