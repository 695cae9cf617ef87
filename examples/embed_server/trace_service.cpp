// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "trace_service.hpp"

#include "api_error.hpp"
#include "routes.hpp"
#include <carpool/observe/trace.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <memory>
#include <sstream>
#include <utility>

namespace embed_server {
namespace {

namespace asio = boost::asio;

constexpr std::size_t most_events = 10'000;  // of requests, and of batches

// While it lives, the model is traced, and does not go.
class recording {
 public:
  recording(std::shared_ptr<hosted_model> model, bool& busy) : model_(std::move(model)), busy_(busy) {
    busy_ = true;
    model_->trace(trace_);
  }
  ~recording() {
    model_->trace(nullptr);
    busy_ = false;
  }
  recording(const recording&) = delete;
  recording& operator=(const recording&) = delete;

  std::shared_ptr<const carpool::trace_recorder> trace() const { return trace_; }

 private:
  const std::shared_ptr<hosted_model> model_;
  bool& busy_;
  std::shared_ptr<carpool::trace_recorder> trace_ = std::make_shared<carpool::trace_recorder>(most_events);
};

asio::awaitable<std::string> write(std::shared_ptr<const carpool::trace_recorder> trace) {
  std::ostringstream text;
  trace->write(text);
  co_return std::move(text).str();
}

std::chrono::seconds read_seconds(std::string_view text) {
  constexpr int longest = 60;
  int seconds = 0;
  const auto [rest, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (ec != std::errc{} || rest != text.data() + text.size() || seconds < 1 || seconds > longest)
    throw api_error{problem::invalid, "seconds must be a number from 1 to " + std::to_string(longest)};
  return std::chrono::seconds{seconds};
}

}  // namespace

trace_query read_trace_query(std::string_view query) {
  trace_query result;
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), field.size() + 1));
    const std::string_view value = field.substr(std::min(field.size(), field.find('=') + 1));
    if (field.starts_with("seconds="))
      result.time = read_seconds(value);
    else if (field.starts_with("model="))
      result.model = percent_decoded(value);
    else
      throw api_error{problem::invalid, "the query must be seconds=N and model=NAME, or one of them"};
  }
  return result;
}

asio::awaitable<response> trace_service::answer(std::string query) {
  const trace_query asked = read_trace_query(query);
  if (busy_) throw api_error{problem::conflict, "another trace is under way, and there is one at a time"};
  const recording now{models_.get(asked.model), busy_};
  co_await wait(asked.time);
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
