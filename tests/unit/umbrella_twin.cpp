// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "umbrella_twin.hpp"

#include <carpool/carpool.hpp>

#include <boost/asio/use_future.hpp>

#include <span>
#include <vector>

const boost::system::error_category& twin_category() { return carpool::get_error_category(); }

int twin_doubled(int number) {
  carpool::DynamicBatcher<int, int> doubler{carpool::options{}, [](std::span<int> numbers) {
                                              std::vector<int> doubled;
                                              for (const int each : numbers) doubled.push_back(2 * each);
                                              return doubled;
                                            }};
  return doubler.async_submit(number, boost::asio::use_future).get();
}
