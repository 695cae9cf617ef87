// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "journal.hpp"
#include "simulation/dice.hpp"
#include <carpool/time.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace chaos {

/// Connections at once, and texts that all callers together may have in the queue.
inline constexpr std::size_t connections = 48, most_texts_per_request = 2,
                             most_texts = connections * most_texts_per_request;

/// Callers in a closed loop: each sends one or two texts to its gateway, waits for the answer, thinks for a
/// moment, and so on, until so many requests have been made. No two texts have the same vector. What the
/// first, the second and so on of all requests is, and how long its caller thinks afterwards, follows from
/// the seed; which caller makes it, and when, depends on the answers before.
class callers {
 public:
  callers(journal& journal, std::vector<std::uint16_t> gateways, std::size_t requests, std::uint64_t seed)
      : journal_(journal), gateways_(std::move(gateways)), requests_(requests), dice_(seed) {}

  /// Returns when all have been answered, or could not be, or after stop().
  void run();

  /// Lets all go, with an answer or without. For any thread.
  void stop() { io_.stop(); }

 private:
  struct question {
    std::string body;
    std::string answer;
    carpool::duration thought;
    http_exchange about;
  };

  boost::asio::awaitable<void> call(std::size_t gateway);
  boost::asio::awaitable<void> ask(boost::beast::tcp_stream& stream, boost::beast::flat_buffer& received,
                                   question& mine);
  question next_question(std::size_t gateway);

  journal& journal_;
  const std::vector<std::uint16_t> gateways_;
  const std::size_t requests_;
  carpool::test::dice dice_;
  std::size_t made_ = 0;
  boost::asio::io_context io_{1};
};

}  // namespace chaos
