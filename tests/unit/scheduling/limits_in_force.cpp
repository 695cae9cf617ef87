// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/limits_in_force.hpp>

#include <support/doctest.hpp>
#include <support/waiting.hpp>

#include <cstddef>
#include <vector>

using namespace carpool::scheduling;
using namespace carpool::test;

TEST_CASE("without losses the limits in force are those configured, and no batch is larger than the queue") {
  fleet lanes;
  lanes.resize(4, at({}));
  limits_in_force bounds;
  bounds.configure({.max_batch_size = 8, .lanes = 4, .max_batch_work = 50, .devices = 2}, {.max_size = 5},
                   lanes);
  CHECK(bounds->max_batch_size == 5);
  CHECK(bounds->lanes == 4);
  CHECK(bounds->devices == 2);
  CHECK(bounds->max_batch_work == 50);
}

TEST_CASE("B37: lanes and devices that are lost are not counted, but for the last one, until they are back") {
  fleet lanes;
  lanes.resize(3, at({}));
  limits_in_force bounds;
  bounds.configure({.lanes = 3, .devices = 2}, {}, lanes);
  CHECK(bounds.share_device(0, 2));
  CHECK(!bounds.share_device(0, 1));
  const auto lose = [&](std::size_t lane, bool lost) {
    lanes.set_lost(lane, lost, at({}));
    bounds.heed_losses(lanes);
    return std::vector<std::size_t>{bounds->lanes, bounds->devices};
  };
  using counts = std::vector<std::size_t>;
  CHECK(lose(1, true) == counts{2, 1});
  CHECK(lose(0, true) == counts{1, 1});
  CHECK(lose(2, true) == counts{1, 1});
  CHECK(lose(1, false) == counts{1, 1});
  CHECK(lose(0, false) == counts{2, 2});
}

TEST_CASE("what was learnt about memory stays when the bounds change, and never raises them") {
  limits_in_force bounds;
  const fleet lanes;
  bounds.configure({}, {.max_size = 10}, lanes);
  bounds.on_out_of_memory(64);
  CHECK(bounds->max_batch_work == 32);
  bounds.configure({.max_batch_work = 20}, {.max_size = 10}, lanes);
  CHECK(bounds->max_batch_work == 20);
  bounds.configure({}, {.max_size = 10}, lanes);
  CHECK(bounds->max_batch_work == 32);
  const std::vector<waiting_request> batch(30, waiting(0));
  bounds.on_success(batch);
  CHECK(bounds->max_batch_work == 33);
}

TEST_CASE("a batch costs what its works are together, by the function that was given") {
  limits_in_force bounds;
  const fleet lanes;
  std::vector<waiting_request> batch(3, waiting(0));
  batch[1].work = 5;
  bounds.configure({.batch_work = &carpool::padded_work}, {}, lanes);
  CHECK(bounds.cost_of(batch) == 15);
  bounds.configure({}, {}, lanes);
  CHECK(bounds.cost_of(batch) == 7);
  CHECK(bounds.cost_of({}) == 0);
}
