// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/observe/observer.hpp>
#include <carpool/observe/trace.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace embed_server {

/// An observer that hears everything, and beside it now and then a trace. While there is none it costs a look
/// at a flag. Thread-safe.
class trace_switch final : public carpool::observer {
 public:
  explicit trace_switch(std::shared_ptr<carpool::observer> always) : always_(std::move(always)) {}

  /// From now on this trace hears what happens, and no other; null: none.
  void set(std::shared_ptr<carpool::trace_recorder> trace);

  void on_batch_started(const carpool::batch_report& batch) noexcept override;
  void on_batch_finished(const carpool::batch_report& batch) noexcept override;
  void on_request_ended(const carpool::request_report& request) noexcept override;
  void on_lane_hung(const carpool::hung_lane_report& lane) noexcept override;

 private:
  std::shared_ptr<carpool::trace_recorder> trace() const noexcept;

  const std::shared_ptr<carpool::observer> always_;
  std::atomic<bool> traced_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<carpool::trace_recorder> trace_;
};

}  // namespace embed_server
