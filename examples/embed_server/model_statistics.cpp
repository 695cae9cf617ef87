// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "model_statistics.hpp"

#include <algorithm>

namespace embed_server {
namespace {

void add(model_statistics::phases& to, const carpool::batch_times& times) {
  to.compute_input.add(times.collate);
  to.compute_infer.add(times.model);
  to.compute_output.add(times.split);
}

}  // namespace

model_statistics::snapshot& model_statistics::snapshot::operator+=(const snapshot& other) {
  inferences += other.inferences;
  executions += other.executions;
  last_inference = std::max(last_inference, other.last_inference);
  success += other.success;
  fail += other.fail;
  queue += other.queue;
  by_text += other.by_text;
  for (std::size_t size = 0; size < other.by_size.size(); ++size) by_size[size] += other.by_size[size];
  return *this;
}

model_statistics::snapshot model_statistics::read() const {
  const std::lock_guard lock{mutex_};
  return now_;
}

void model_statistics::on_batch_finished(const carpool::batch_report& batch) noexcept {
  const auto time = std::chrono::system_clock::now();
  const std::lock_guard lock{mutex_};
  ++now_.executions;
  now_.last_inference = time;
  add(now_.by_size[std::min(batch.size, now_.by_size.size() - 1)], batch.times);
}

void model_statistics::on_request_ended(const carpool::request_report& request) noexcept {
  const std::lock_guard lock{mutex_};
  if (request.why.failed()) return now_.fail.add(request.ended - request.arrival);
  ++now_.inferences;
  now_.success.add(request.ended - request.arrival);
  now_.queue.add(request.queue + request.fill);
  add(now_.by_text, request.times);
}

}  // namespace embed_server
