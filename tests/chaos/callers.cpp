// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "callers.hpp"

#include "verdict.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <string_view>

namespace chaos {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t longest_thought = 200;  // milliseconds
constexpr std::chrono::milliseconds patience{30'000};
constexpr std::chrono::seconds retry_after{1};  // as gateways ask for

std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

// Length, first and last byte are what the toy model's vector tells of a text.
std::string text_of(std::size_t number) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const std::size_t pairs = letters.size() * letters.size();
  std::string text(8 + number / pairs, '-');
  text.front() = letters[number % letters.size()];
  text.back() = letters[number % pairs / letters.size()];
  return text;
}

std::string vector_of(const std::string& text) {
  return fmt::format("[{},{:d},{:d},1]", text.size(), text.front(), text.back());
}

}  // namespace

void callers::run() {
  for (std::size_t i = 0; i < connections; ++i)
    asio::co_spawn(io_, call(i % gateways_.size()), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
  io_.run();
}

// Nothing else draws from these dice, so that the order of answers does not matter.
callers::question callers::next_question(std::size_t gateway) {
  const std::size_t first = most_texts_per_request * made_++;
  const bool two = dice_.chance(50), patient = dice_.chance(50);
  question mine;
  for (std::size_t number = first; number <= first + (two ? 1 : 0); ++number) {
    const std::string text = text_of(number);
    mine.body += (mine.body.empty() ? "" : ",") + ('"' + text + '"');
    mine.answer += (mine.answer.empty() ? "" : ",") + vector_of(text);
  }
  mine.body = R"({"inputs":[)" + mine.body + "]}";
  mine.answer = '[' + mine.answer + ']';
  mine.about.gateway = gateway;
  mine.about.patient = patient;
  mine.about.deadline =
      patient ? patience : std::chrono::milliseconds{500 + static_cast<int>(dice_.below(2500))};
  mine.thought = dice_.milliseconds_below(longest_thought);
  return mine;
}

asio::awaitable<void> callers::call(std::size_t gateway) {
  boost::beast::tcp_stream stream{io_};
  boost::beast::flat_buffer received;
  while (made_ < requests_) {
    question mine = next_question(gateway);
    co_await ask(stream, received, mine);
    journal_.add(mine.about);
    auto pause = mine.thought;
    if (mine.about.status == 429 || mine.about.status == 503) pause += retry_after;
    asio::steady_timer thought{io_, pause};
    co_await thought.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> callers::ask(boost::beast::tcp_stream& stream, boost::beast::flat_buffer& received,
                                   question& mine) {
  error_code failed;
  const auto or_failure = asio::redirect_error(asio::use_awaitable, failed);
  http::request<http::string_body> request{http::verb::post, "/embed", 11, mine.body};
  request.set(http::field::host, "chaos");
  request.set(http::field::content_type, "application/json");
  request.set("x-request-timeout-ms", std::to_string(mine.about.deadline.count()));
  request.prepare_payload();
  http::response<http::string_body> answer;
  mine.about.sent = now();
  stream.expires_after(mine.about.deadline + 2 * slack);
  if (!stream.socket().is_open()) {
    const asio::ip::tcp::endpoint address{asio::ip::address_v4::loopback(), gateways_[mine.about.gateway]};
    co_await stream.async_connect(address, or_failure);
  }
  if (!failed) co_await http::async_write(stream, request, or_failure);
  if (!failed) co_await http::async_read(stream, received, answer, or_failure);
  mine.about.answered = now();
  if (!failed) {
    mine.about.status = answer.result_int();
    mine.about.own = answer.body() == mine.answer && received.size() == 0;
  }
  if (failed || !answer.keep_alive()) {
    stream.close();
    received.clear();
  }
}

}  // namespace chaos
