// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "trace_switch.hpp"

namespace embed_server {

void trace_switch::set(std::shared_ptr<carpool::trace_recorder> trace) {
  const std::lock_guard lock{mutex_};
  trace_.swap(trace);
  traced_ = trace_ != nullptr;
}

std::shared_ptr<carpool::trace_recorder> trace_switch::trace() const noexcept {
  if (!traced_.load(std::memory_order_relaxed)) return nullptr;
  const std::lock_guard lock{mutex_};
  return trace_;
}

void trace_switch::on_batch_started(const carpool::batch_report& batch) noexcept {
  always_->on_batch_started(batch);
}

void trace_switch::on_batch_finished(const carpool::batch_report& batch) noexcept {
  if (const auto heard = trace()) heard->on_batch_finished(batch);
  always_->on_batch_finished(batch);
}

void trace_switch::on_request_ended(const carpool::request_report& request) noexcept {
  if (const auto heard = trace()) heard->on_request_ended(request);
  always_->on_request_ended(request);
}

void trace_switch::on_lane_hung(const carpool::hung_lane_report& lane) noexcept {
  always_->on_lane_hung(lane);
}

}  // namespace embed_server
