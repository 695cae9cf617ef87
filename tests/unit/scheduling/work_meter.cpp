// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/scheduling/work_meter.hpp>

#include <support/doctest.hpp>

#include <initializer_list>
#include <span>
#include <vector>

using namespace carpool;
using namespace carpool::scheduling;

namespace {

double total_and_ten(std::span<const double> works) { return total_work(works) + 10; }

work_meter filled(batch_work function, std::initializer_list<double> works) {
  work_meter meter(function);
  for (const double work : works) meter.add(work);
  return meter;
}

}  // namespace

TEST_CASE("works add up, or are padded to the largest, or cost what the user's function says") {
  CHECK(filled(&total_work, {3, 5, 4}).cost() == 12);
  CHECK(filled(&padded_work, {3, 5, 4}).cost() == 15);
  CHECK(filled(&total_and_ten, {3, 5, 4}).cost() == 22);
}

TEST_CASE("a meter tells what one more would cost without taking it") {
  for (const batch_work function : {&total_work, &padded_work, &total_and_ten}) {
    auto meter = filled(function, {3, 5});
    const double before = meter.cost();
    const double with = meter.cost_with(7);
    CHECK(meter.cost() == before);
    CHECK(meter.count() == 2);
    meter.add(7);
    CHECK(meter.cost() == with);
    CHECK(meter.cost() == function(std::vector<double>{3, 5, 7}));
  }
}

TEST_CASE("an empty batch costs nothing") {
  CHECK(work_meter().cost() == 0);
  CHECK(total_work({}) == 0);
  CHECK(padded_work({}) == 0);
}

TEST_CASE("a function of the user's is asked once for all who were added, not once for each") {
  static int asked;
  asked = 0;
  const auto counting = [](std::span<const double> works) { return ++asked, total_work(works); };
  CHECK(filled(counting, {3, 5, 4}).cost() == 12);
  CHECK(asked == 1);
}
