// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "connection.hpp"

#include "access_line.hpp"
#include "api_error.hpp"
#include "read_request.hpp"
#include "response_header.hpp"
#include "routes.hpp"

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <exception>
#include <utility>

namespace embed_server {
namespace {

using boost::system::error_code;

// The part of a request's story that begins with its header.
void begin(exchange& request, request_head head) {
  request.head = std::move(head);
  request.span = begin_span(request.head.caller);
  request.traceparent = to_traceparent(request.span);
  request.date = std::chrono::system_clock::now();
  request.begin = std::chrono::steady_clock::now();
}

}  // namespace

connection::connection(client_stream::socket_type socket, std::shared_ptr<asio::ssl::context> tls,
                       embed_service& service, const http_settings& settings,
                       const asio::io_context::executor_type& home)
    : stream_(std::make_shared<client_stream>(std::move(socket), std::move(tls))),
      service_(service),
      settings_(settings),
      limits_(settings.limits),
      home_(home),
      address_(stream_->address()) {
  service_.counted().update([](counters& now) { ++now.idle_connections; });
}

connection::~connection() {
  service_.counted().update(
      [this](counters& now) { --(idle_ ? now.idle_connections : now.active_connections); });
}

void connection::set_idle(bool idle) {
  if (idle == idle_) return;
  idle_ = idle;
  service_.counted().update([idle](counters& now) {
    --(idle ? now.active_connections : now.idle_connections);
    ++(idle ? now.idle_connections : now.active_connections);
  });
}

void connection::hurry() {
  asio::dispatch(stream_->get_executor(), [self = shared_from_this()] {
    if (self->idle_ && !self->stream_->has_input())
      self->stream_->close();
    else
      self->stream_->hurry(self->limits_.standstill_time);
  });
}

void connection::drop() {
  asio::dispatch(stream_->get_executor(),
                 [self = shared_from_this()] { self->drop_.emit(asio::cancellation_type::terminal); });
}

// The end of serve() is that of the connection, also when nobody is told of it because it is lost: Asio
// destroys a coroutine for which it finds no memory to start what the coroutine awaits. Only the handler
// holds what comes at the end, so that it comes on the thread of the connection.
void connection::start(std::function<void()> on_end) {
  const auto weak = weak_from_this();
  std::shared_ptr<void> at_end(nullptr,
                               [weak, home = home_, memory = end_memory_, on_end = std::move(on_end)](void*) {
                                 auto self = weak.lock();
                                 if (!self) return;
                                 self->stream_->close();
                                 self.reset();  // the service may end when the last connection has
                                 asio::dispatch(home, asio::bind_allocator(memory, on_end));
                               });
  stream_->on_input_end([weak](const error_code& ec) {
    if (const auto self = weak.lock()) self->input_ended(ec);
  });
  stream_->start_clock();
  asio::co_spawn(
      stream_->get_executor(), serve(),
      asio::bind_cancellation_slot(drop_.slot(), [at_end = std::move(at_end)](std::exception_ptr) {}));
}

template <class Result>
asio::awaitable<Result> connection::at_home(asio::awaitable<Result> work) {
  if (home_ == stream_->get_executor()) return work;
  return asio::co_spawn(home_, std::move(work), asio::use_awaitable);
}

asio::awaitable<void> connection::serve() {
  try {
    stream_->expires_after(limits_.handshake_time);
    co_await stream_->handshake();
    while (co_await serve_one()) set_idle(true);
    co_await say_goodbye();
  } catch (const boost::system::system_error& error) {
    spdlog::debug("connection lost: {}", error.code().message());
  } catch (const std::exception& error) {
    spdlog::error("connection dropped: {}", error.what());
  }
}

// True if the connection can take another request.
asio::awaitable<bool> connection::serve_one() {
  if (!co_await wait_for_request()) co_return false;
  set_idle(false);
  request_parser parser;
  exchange request;
  destination where;
  std::optional<response> early;
  try {
    begin(request, co_await read_head(*stream_, parser, limits_));
    where = find_route(request.head.method, request.head.path);
    request.client =
        service_.clients().identify(request.head, where.to);  // before the body of a stranger is read
    service_.clients().count_request(request.client, where.to);
    check_media_type(request.head, where.to);
    request.memory.emplace(service_.memory());
    co_await read_body(*stream_, parser, request.head, limits_, *request.memory);
  } catch (const api_error& error) {
    if (request.head.path.empty()) begin(request, describe_refused(parser));
    const auto& path = request.head.path;
    early = render(error, path.empty() ? family_of(parser.get().target()) : family_of(path));
  }
  request.body_size = parser.get().body().size();
  // With a body unread nobody knows where the next request begins.
  if (early) co_return co_await send(std::move(*early), request, request.head.keep_alive && parser.is_done());
  const bool has_events = where.to == endpoint::dashboard_events && request.head.method == http::verb::get;
  auto result = co_await answer(request, std::move(where), std::move(parser.get().body()));
  if (!result) {
    constexpr unsigned client_closed_request = 499;  // as nginx logs it
    log(request, client_closed_request, nullptr);
    co_return false;
  }
  if (has_events) {
    co_await send_events(std::move(*result), request);
    co_return false;
  }
  co_return co_await send(std::move(*result), request, request.head.keep_alive);
}

// False if the client closed the connection instead.
asio::awaitable<bool> connection::wait_for_request() {
  if (stream_->input().size() > 0) co_return true;
  stream_->expires_after(service_.facts().draining() ? limits_.goodbye_time
                         : answered_ == 0            ? limits_.header_time
                                                     : limits_.idle_time);
  co_return co_await stream_->read_more() > 0;
}

// Empty if the client left before the answer was there; what it asked for is then taken out of the queue.
asio::awaitable<std::optional<response>> connection::answer(exchange& request, destination where,
                                                            std::string body) {
  request.arrival = std::chrono::steady_clock::now();
  stream_->expires_never();
  const endpoint to = where.to;
  if (takes_time(to)) watch_client();
  auto answered = service_.answer(request, std::move(where), std::move(body));
  if (!is_work(to)) answered = at_home(std::move(answered));
  response found = co_await std::move(answered);
  watched_ = false;
  if (left_) co_return std::nullopt;
  co_return std::move(found);
}

// From now on a client that closes the connection ends what is being done for it. Another request that comes
// in meanwhile ends the watch: there is no room for more than one.
void connection::watch_client() {
  watched_ = true;
  stream_->read_ahead();
}

void connection::input_ended(const error_code& ec) {
  if (!watched_ || (ends_stream(ec) && limits_.allow_half_close)) return;
  left_ = true;
  drop_.emit(asio::cancellation_type::terminal);
}

// True if the connection can take another request.
asio::awaitable<bool> connection::send(response answer, const exchange& request, bool keep_alive) {
  keep_alive = keep_alive && !service_.facts().draining() && ++answered_ < limits_.requests_per_connection;
  complete(answer, request, keep_alive);
  stream_->expires_after(limits_.write_time);
  const std::string header = header_text(answer);
  const std::array whole{asio::buffer(header), asio::buffer(std::as_const(answer.body()))};
  co_await asio::async_write(*stream_, whole, asio::use_awaitable);
  co_return keep_alive;
}

// The header of an answer without an end, and the events behind it until the client has gone or the server
// drains.
asio::awaitable<void> connection::send_events(response header, const exchange& request) {
  complete(header, request, /*keep_alive=*/false);
  header.erase(http::field::content_length);
  const std::string text = header_text(header);
  stream_->expires_after(limits_.write_time);
  co_await asio::async_write(*stream_, asio::buffer(text), asio::use_awaitable);
  watch_client();
  co_await tell_metrics();
}

asio::awaitable<std::shared_ptr<const std::string>> connection::read_event() {
  co_return service_.facts().event(std::chrono::steady_clock::now());
}

asio::awaitable<void> connection::tell_metrics() {
  asio::steady_timer pause{stream_->get_executor()};
  while (!service_.facts().draining()) {
    const auto event = co_await at_home(read_event());
    stream_->expires_after(limits_.write_time);
    co_await asio::async_write(*stream_, asio::buffer(*event), asio::use_awaitable);
    stream_->expires_never();
    pause.expires_after(limits_.event_interval);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

// The header of an answer, and what is noted of it.
void connection::complete(response& answer, const exchange& request, bool keep_alive) {
  complete_header(answer, request.head, keep_alive);
  answer.set("traceparent", request.traceparent);
  settings_.cors.complete(answer, request.head);
  service_.clients().tell_rates(answer, request);
  log(request, answer.result_int(), &answer);
  service_.counted().update([&](counters& now) { ++now.answers[answer.result_int()]; });
}

// `answer` is null if the client did not wait for one.
void connection::log(const exchange& request, unsigned status, const response* answer) const {
  if (!settings_.log) return;
  access_outcome outcome{.status = status, .request_id = request.head.request_id, .address = address_};
  if (answer != nullptr) {
    outcome.request_id = (*answer)["x-request-id"];
    outcome.sent = answer->body().size();
  }
  settings_.log->add(access_line(request, outcome, std::chrono::steady_clock::now()));
}

// Closing a socket with bytes unread resets it, and the reset may overtake the answer. So read a little on.
asio::awaitable<void> connection::say_goodbye() {
  stream_->expires_after(limits_.goodbye_time);
  co_await stream_->shut_down_sending();
  for (std::size_t dropped = 0; dropped < limits_.early_answer_drain;) {
    stream_->input().clear();
    const std::size_t size = co_await stream_->read_more();
    if (size == 0) co_return;
    dropped += size;
  }
}

}  // namespace embed_server
