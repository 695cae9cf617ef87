// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>

namespace embed_server {

/// Long work on a thread of connections, in turns with everything else that goes on there.
class turns {
 public:
  /// `work_per_turn` in whatever unit spend() is told, such as bytes.
  explicit turns(std::size_t work_per_turn) : work_per_turn_(work_per_turn) {}

  /// Counts work done; lets others go first when it was a turn's worth.
  boost::asio::awaitable<void> spend(std::size_t work) {
    spent_ += work;
    if (spent_ < work_per_turn_) co_return;
    spent_ = 0;
    co_await boost::asio::post(boost::asio::use_awaitable);
  }

 private:
  std::size_t work_per_turn_;
  std::size_t spent_ = 0;
};

}  // namespace embed_server
