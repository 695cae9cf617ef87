// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "trace_service.hpp"

#include "api_error.hpp"
#include <carpool/observe/trace.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <cstddef>
#include <sstream>
#include <utility>

namespace embed_server {
namespace {

namespace asio = boost::asio;

constexpr std::size_t most_events = 10'000;  // of requests, and of batches

// While it lives, the batcher is traced.
class recording {
 public:
  recording(trace_switch& batcher, bool& busy) : batcher_(batcher), busy_(busy) {
    busy_ = true;
    batcher_.set(trace_);
  }
  ~recording() {
    batcher_.set(nullptr);
    busy_ = false;
  }
  recording(const recording&) = delete;
  recording& operator=(const recording&) = delete;

  std::shared_ptr<const carpool::trace_recorder> trace() const { return trace_; }

 private:
  trace_switch& batcher_;
  bool& busy_;
  std::shared_ptr<carpool::trace_recorder> trace_ = std::make_shared<carpool::trace_recorder>(most_events);
};

asio::awaitable<std::string> write(std::shared_ptr<const carpool::trace_recorder> trace) {
  std::ostringstream text;
  trace->write(text);
  co_return std::move(text).str();
}

}  // namespace

std::chrono::seconds trace_time(std::string_view query) {
  constexpr int usual = 5, longest = 60;
  if (query.empty()) return std::chrono::seconds{usual};
  constexpr std::string_view name = "seconds=";
  int seconds = 0;
  const char* const end = query.data() + query.size();
  const char* const begin = query.starts_with(name) ? query.data() + name.size() : end;
  const auto [rest, ec] = std::from_chars(begin, end, seconds);
  if (ec != std::errc{} || rest != end || seconds < 1 || seconds > longest)
    throw api_error{problem::invalid,
                    "the query must be seconds=N, with N from 1 to " + std::to_string(longest)};
  return std::chrono::seconds{seconds};
}

asio::awaitable<response> trace_service::answer(std::string query) {
  const auto time = trace_time(query);
  if (busy_) throw api_error{problem::conflict, "another trace is under way, and there is one at a time"};
  const recording now{*batcher_, busy_};
  co_await wait(time);
  asio::thread_pool writer{1};  // tens of thousands of lines would keep the io thread from everything else
  asio::awaitable<std::string> writing = write(now.trace());
  std::string text = co_await asio::co_spawn(writer, std::move(writing), asio::use_awaitable);
  co_return make_response(http::status::ok, std::move(text));
}

asio::awaitable<void> trace_service::wait(std::chrono::seconds time) {
  if (in_a_hurry_) co_return;
  asio::steady_timer timer{co_await asio::this_coro::executor, time};
  waiting_ = &timer;
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  waiting_ = nullptr;
}

void trace_service::hurry() {
  in_a_hurry_ = true;
  if (waiting_ != nullptr) waiting_->cancel();
}

}  // namespace embed_server
