// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/require.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace carpool::test {

/// The executor of an io_context that counts what is posted to it, and may have no memory for it. Copies
/// share the count.
class counting_executor {
 public:
  explicit counting_executor(boost::asio::io_context& io) : io_(&io) {}

  [[nodiscard]] std::size_t posts() const noexcept { return *posts_; }

  /// Has no memory for the next `times` posts.
  void starve(std::size_t times) noexcept { *failures_ = times; }

  template <class Function>
  void execute(Function&& function) const {
    if (*failures_ > 0) {
      --*failures_;
      throw std::bad_alloc();
    }
    ++*posts_;
    boost::asio::require(io_->get_executor(), boost::asio::execution::blocking.never)
        .execute(std::forward<Function>(function));
  }

  [[nodiscard]] boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept {
    return *io_;
  }
  static constexpr auto query(boost::asio::execution::blocking_t) noexcept {
    return boost::asio::execution::blocking_t(boost::asio::execution::blocking.never);
  }
  [[nodiscard]] counting_executor require(boost::asio::execution::blocking_t::never_t) const { return *this; }

  friend bool operator==(const counting_executor&, const counting_executor&) noexcept = default;

 private:
  boost::asio::io_context* io_;
  std::shared_ptr<std::size_t> posts_ = std::make_shared<std::size_t>(0);
  std::shared_ptr<std::size_t> failures_ = std::make_shared<std::size_t>(0);
};

}  // namespace carpool::test
