// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "hosted_model.hpp"

#include "api_error.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace embed_server {
namespace {

// What stays the same when a client tries again; where nothing does, anything.
std::uint64_t identity_of(const exchange& request) {
  if (request.client.id != 0) return request.client.id;
  const std::string& id = request.head.request_id;
  return std::hash<std::string>{}(id.empty() ? request.span.span_id : id);
}

}  // namespace

hosted_model::hosted_model(std::unique_ptr<embedding_engine> engine) {
  arms_.push_back({.variant = "", .engine = std::move(engine)});
}

hosted_model::hosted_model(std::unique_ptr<embedding_engine> batched,
                           std::unique_ptr<embedding_engine> unbatched, unsigned percent)
    : split_(percent) {
  arms_.push_back({.variant = "batched", .engine = std::move(batched)});
  arms_.push_back({.variant = "unbatched", .engine = std::move(unbatched)});
}

model_arm& hosted_model::arm_for(const exchange& request) {
  const std::string& wanted = request.head.variant;
  if (arms_.size() == 1) return arms_.front();
  if (wanted.empty()) return arms_[split_.to_second(identity_of(request)) ? 1 : 0];
  const auto found = std::ranges::find(arms_, wanted, &model_arm::variant);
  if (found == arms_.end())
    throw api_error{problem::invalid, "x-carpool-variant must be batched or unbatched"};
  return *found;
}

bool hosted_model::works() const {
  return std::ranges::any_of(devices(), &carpool::bert::device_status::works);
}

asio::awaitable<void> hosted_model::try_out() {
  const std::vector<std::string> first{"share the ride"};
  for (model_arm& arm : arms_) {
    embedding_job job;
    job.texts = first;
    co_await arm.engine->embed(std::move(job));
  }
}

model_statistics::snapshot hosted_model::totals() const {
  model_statistics::snapshot sum = arms_.front().engine->totals();
  for (std::size_t i = 1; i < arms_.size(); ++i) sum += arms_[i].engine->totals();
  return sum;
}

}  // namespace embed_server
