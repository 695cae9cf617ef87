// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "queue_bell.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace cluster {
namespace {

int make_event() {
  const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return event;
}

constexpr std::uint64_t one = 1;

}  // namespace

struct queue_bell::listener : std::enable_shared_from_this<listener> {
  listener(const asio::any_io_executor& executor, std::function<void()> call)
      : event(executor, make_event()), rung(std::move(call)) {}

  void wait() {
    event.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](boost::system::error_code error) {
                       if (error || !self->rung) return;
                       std::uint64_t count = 0;
                       if (::read(self->event.native_handle(), &count, sizeof count) > 0) self->rung();
                       if (self->rung) self->wait();
                     });
  }

  asio::posix::stream_descriptor event;
  std::function<void()> rung;  // empty once the bell is gone
};

queue_bell::queue_bell(const asio::any_io_executor& executor, kafka_queue queue, std::function<void()> rung)
    : queue_(std::move(queue)), listener_(std::make_shared<listener>(executor, std::move(rung))) {
  rd_kafka_queue_io_event_enable(queue_.get(), listener_->event.native_handle(), &one, sizeof one);
  listener_->wait();
}

queue_bell::~queue_bell() {
  rd_kafka_queue_io_event_enable(queue_.get(), -1, nullptr, 0);
  listener_->rung = nullptr;
  listener_->event.close();
}

}  // namespace cluster
