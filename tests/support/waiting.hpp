// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Requests with a number, for tests of the scheduler.

#pragma once

#include <carpool/scheduling/queue_view.hpp>
#include <carpool/scheduling/wait_queue.hpp>
#include <carpool/scheduling/waiting_request.hpp>

#include <array>
#include <chrono>
#include <initializer_list>
#include <vector>

namespace carpool::test {

inline std::array<char, 10'000> request_numbers;  // a request's handle points at its number's place

/// Time since the start of the test.
inline time_point at(duration since_start) { return time_point{} + std::chrono::hours{1} + since_start; }

inline scheduling::waiting_request waiting(std::size_t number, time_point arrival = at({}),
                                           time_point deadline = never) {
  return {.arrival = arrival, .deadline = deadline, .handle = &request_numbers.at(number)};
}

inline std::size_t number_of(const void* handle) {
  return static_cast<std::size_t>(static_cast<const char*>(handle) - request_numbers.data());
}

inline std::vector<std::size_t> numbers_in(const scheduling::wait_queue& queue) {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < queue.size(); ++i) numbers.push_back(number_of(queue[i].handle));
  return numbers;
}

/// One more for the queue; whether it is the last of it.
inline bool join(scheduling::wait_queue& queue, const scheduling::waiting_request& request) {
  queue.reserve(queue.size() + 1);
  return queue.insert(request);
}

/// A queue of requests 0, 1, 2... that arrived at these times.
inline scheduling::wait_queue queue_of(std::initializer_list<duration> arrivals) {
  scheduling::wait_queue queue;
  queue.reserve(arrivals.size());
  for (const duration arrival : arrivals) queue.insert(waiting(queue.size(), at(arrival)));
  return queue;
}

}  // namespace carpool::test
