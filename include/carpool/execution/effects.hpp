// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/completion.hpp>
#include <carpool/execution/news.hpp>

#include <boost/asio/any_io_executor.hpp>

namespace carpool::execution {

struct lane_slot;

/// What an event leads to outside the lock.
struct effects {
  completion_list ready;
  news told;
  lane_slot* wake = nullptr;
  boost::asio::any_io_executor work = {};  // outstanding until everything is posted
};

}  // namespace carpool::execution
