// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The policies that are compared. Each is made anew for every run.

#pragma once

#include "cell.hpp"
#include "peers/bentoml_regression.hpp"
#include "peers/clipper_aimd.hpp"
#include "peers/nexus_early_drop.hpp"
#include "peers/symphony_deferral.hpp"
#include "peers/tensorflow_adaptive.hpp"
#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/eager.hpp>
#include <carpool/scheduling/policy.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>

#include <functional>
#include <string>
#include <vector>

namespace bench {

/// A policy, or several of which each cell may take the best: what perfect tuning would reach.
struct contender {
  std::string name;
  std::vector<std::function<carpool::scheduling::any_policy(const cell&)>> variants;
};

inline carpool::scheduling::any_policy batch_at_most(const cell& c, double delay_seconds) {
  return carpool::scheduling::any_policy(
      carpool::size_or_timeout(c.max_batch_size, carpool::simulate::from_seconds(delay_seconds)));
}

/// size_or_timeout with every delay of a grid.
inline contender tuned_size_or_timeout() {
  contender tuned{"size or timeout, best delay", {}};
  for (const double delay : {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05})
    tuned.variants.emplace_back([delay](const cell& c) { return batch_at_most(c, delay); });
  return tuned;
}

inline std::vector<contender> all_contenders() {
  using carpool::scheduling::any_policy;
  return {
      {"carpool adaptive", {[](const cell&) { return any_policy(carpool::adaptive{}); }}},
      {"eager", {[](const cell&) { return any_policy(carpool::eager{}); }}},
      {"size or timeout, 5 ms", {[](const cell& c) { return batch_at_most(c, 0.005); }}},
      tuned_size_or_timeout(),
      {"TensorFlow adaptive", {[](const cell& c) { return any_policy(tensorflow_adaptive(c.lanes)); }}},
      {"Clipper AIMD",
       {[](const cell& c) { return any_policy(clipper_aimd(c.deadline_duration(), c.lanes)); }}},
      {"BentoML-like",
       {[](const cell& c) { return any_policy(bentoml_regression(c.deadline_duration(), c.lanes)); }}},
      {"Nexus early drop", {[](const cell& c) {
         return any_policy(
             nexus_early_drop(make_service(c, 0).model, c.deadline_duration(), c.max_batch_size));
       }}},
      {"Symphony-like", {[](const cell& c) {
         return any_policy(
             symphony_deferral(make_service(c, 0).model, c.deadline_duration(), c.lanes, c.max_batch_size));
       }}},
  };
}

}  // namespace bench
