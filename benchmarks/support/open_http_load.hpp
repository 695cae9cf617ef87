// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/observe/histogram.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/none.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// A request that is to be sent so long after the beginning, whatever has become of those before it.
struct timed_request {
  std::chrono::nanoseconds at{};
  std::string body;
};

/// Latencies in microseconds, within 1/32 of the value.
using latency_histogram = carpool::histogram<5, 36>;

struct load_result {
  latency_histogram answered;               ///< of answers with status 200, from when they were to be sent
  latency_histogram since_sent;             ///< of those, from when a connection was free for them
  std::map<unsigned, std::size_t> other;    ///< other answers, by their status
  latency_histogram refused;                ///< of those, likewise
  std::size_t lost = 0;                     ///< without an answer: no connection, or none for too long
  std::chrono::nanoseconds lasted{};        ///< until the last answer
  std::chrono::nanoseconds latest_start{};  ///< the longest that a request waited for this program itself
};

/// An open loop: requests go out when they are due, like those of people who do not know of each other, over
/// as many connections as that takes. Latency counts from when a request was due, so a server that is slow
/// for a while is not asked less meanwhile, and does not look better for it. One thread.
class open_http_load {
 public:
  struct options {
    std::string host = "bench";  ///< as the header calls it
    std::string path = "/embed";
    std::size_t most_connections = 1024;  ///< when all are in use, requests wait, and that counts
    std::chrono::seconds patience{30};    ///< for an answer
  };

  open_http_load(boost::asio::ip::tcp::endpoint server, options given)
      : server_(std::move(server)), options_(std::move(given)) {}

  /// Sends them, in order of `at`; `tell(sent)` is called about ten times a second.
  load_result run(std::span<const timed_request> requests, const std::function<void(std::size_t)>& tell) {
    result_ = {};
    connections_ = 0;
    all_sent_ = false;
    begin_ = clock::now();
    boost::asio::co_spawn(io_, send_when_due(requests, tell), boost::asio::detached);
    io_.restart();
    io_.run();
    result_.lasted = clock::now() - begin_;
    return std::move(result_);
  }

 private:
  using clock = std::chrono::steady_clock;
  using timer = boost::asio::steady_timer;
  static constexpr auto wait_for = boost::asio::use_awaitable;

  boost::asio::awaitable<void> send_when_due(std::span<const timed_request> requests,
                                             const std::function<void(std::size_t)>& tell) {
    timer due(io_);
    auto next_word = begin_;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (begin_ + requests[i].at > clock::now()) {
        due.expires_at(begin_ + requests[i].at);
        co_await due.async_wait(wait_for);
      }
      const auto now = clock::now();
      result_.latest_start = std::max(result_.latest_start, now - (begin_ + requests[i].at));
      waiting_.push_back(&requests[i]);
      find_connection();
      if (now < next_word) continue;
      tell(i);
      next_word = now + std::chrono::milliseconds(100);
    }
    all_sent_ = true;
    for (timer* each : std::exchange(idle_, {})) each->cancel();
  }

  /// The one that was used last: the others may be closed by the server meanwhile.
  void find_connection() {
    if (!idle_.empty()) {
      timer* const wake = idle_.back();
      idle_.pop_back();
      wake->cancel();
    } else if (connections_ < options_.most_connections) {
      ++connections_;
      boost::asio::co_spawn(io_, converse(), boost::asio::detached);
    }
  }

  /// A connection for as long as there is something to send.
  boost::asio::awaitable<void> converse() {
    boost::beast::tcp_stream stream(io_);
    timer wake(io_);
    for (;;) {
      if (waiting_.empty()) {
        if (all_sent_) break;
        idle_.push_back(&wake);
        wake.expires_at(timer::time_point::max());
        boost::system::error_code woken;
        co_await wake.async_wait(boost::asio::redirect_error(wait_for, woken));
        continue;
      }
      const timed_request& mine = *waiting_.front();
      waiting_.pop_front();
      boost::system::error_code failure;
      const auto sent = clock::now();
      const unsigned status = co_await ask(stream, mine.body, failure);
      if (failure)
        ++result_.lost;
      else if (status == 200)
        answered(mine, sent);
      else
        refused(mine, status);
    }
    --connections_;
  }

  void answered(const timed_request& mine, clock::time_point sent) {
    result_.answered.record(microseconds_since(begin_ + mine.at));
    result_.since_sent.record(microseconds_since(sent));
  }

  void refused(const timed_request& mine, unsigned status) {
    ++result_.other[status];
    result_.refused.record(microseconds_since(begin_ + mine.at));
  }

  /// The status of the answer. A connection that the server has closed while it was idle is opened again.
  boost::asio::awaitable<unsigned> ask(boost::beast::tcp_stream& stream, const std::string& body,
                                       boost::system::error_code& failure) {
    namespace http = boost::beast::http;
    const auto or_failure = boost::asio::redirect_error(wait_for, failure);
    const bool used_before = stream.socket().is_open();
    for (bool again = used_before;; again = false) {
      failure = {};
      stream.expires_after(options_.patience);
      if (!stream.socket().is_open()) {
        co_await stream.async_connect(server_, or_failure);
        if (failure) break;
        stream.socket().set_option(boost::asio::ip::tcp::no_delay{true});
      }
      http::request<http::string_body> request{http::verb::post, options_.path, 11, body};
      request.set(http::field::host, options_.host);
      request.set(http::field::content_type, "application/json");
      request.prepare_payload();
      boost::beast::flat_buffer buffer;
      http::response_parser<http::string_body> answer;
      answer.body_limit(boost::none);
      co_await http::async_write(stream, request, or_failure);
      if (!failure) co_await http::async_read(stream, buffer, answer, or_failure);
      if (!failure && answer.keep_alive()) co_return answer.get().result_int();
      stream.close();
      if (!failure) co_return answer.get().result_int();
      if (!again || failure == boost::beast::error::timeout) break;
    }
    stream.close();
    co_return 0;
  }

  static std::uint64_t microseconds_since(clock::time_point then) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - then).count());
  }

  const boost::asio::ip::tcp::endpoint server_;
  const options options_;
  boost::asio::io_context io_{1};
  clock::time_point begin_;
  std::deque<const timed_request*> waiting_;  // due, but not sent
  std::vector<timer*> idle_;                  // of connections without a request
  std::size_t connections_ = 0;
  bool all_sent_ = false;
  load_result result_;
};

}  // namespace bench
