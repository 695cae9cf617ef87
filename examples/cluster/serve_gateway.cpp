// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "serve_gateway.hpp"

#include "embed_server/embed_service.hpp"
#include "embed_server/http_front.hpp"
#include "embed_server/http_threads.hpp"
#include "embed_server/listener.hpp"
#include "embed_server/logging.hpp"
#include "embed_server/model_catalog.hpp"
#include "embed_server/reload.hpp"
#include "embed_server/server.hpp"
#include "embed_server/shutdown.hpp"
#include "embed_server/text_tokenizer.hpp"
#include "embed_server/tls.hpp"
#include "remote_engine.hpp"
#include "run_alone.hpp"
#include "sharded_queue.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace cluster {
namespace {

using namespace asio::experimental::awaitable_operators;

std::optional<embed_server::text_tokenizer> find_tokenizer(const std::string& folder) {
  if (folder.empty()) return std::nullopt;
  return embed_server::load_tokenizer(folder);
}

class gateway {
 public:
  gateway(asio::io_context& io, const queue_options& queue, const embed_server::server_options& given)
      : io_(io),
        given_(given),
        max_outstanding_(queue.max_outstanding),
        tokenizer_(find_tokenizer(queue.tokenizer)),
        settings_(embed_server::settings_of(given)),
        queue_(io.get_executor(), settings_of(queue), queue.queue, queue.max_outstanding),
        service_(models_, settings_.limits),
        http_(embed_server::open_listeners(io.get_executor(), given), service_, settings_) {
    if (!given.tls_certificate.empty())
      http_.set_tls(embed_server::load_tls(given.tls_certificate, given.tls_key));
    embed_server::equip(service_, given_, settings_);
    // Before there is a worker, which may take a while.
    reloading_.emplace(io.get_executor(), embed_server::reloadables(given_, settings_, service_, http_));
  }

  // Whether every request was answered.
  asio::awaitable<bool> serve() {
    asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM};
    queue_.start();
    const auto found = co_await (await_model() || signals.async_wait(asio::use_awaitable));
    if (found.index() == 1) co_return true;
    const model_card card = *queue_.model();
    if (tokenizer_ && tokenizer_->dimension != card.dimension)
      throw std::invalid_argument(fmt::format(
          "--tokenizer: that folder's model has {} dimensions, but {}, which the workers run, has {}",
          tokenizer_->dimension, card.name, card.dimension));
    std::cout << fmt::format("model:  {}, {} dimensions, texts of up to {} tokens\n", card.name,
                             card.dimension, card.max_tokens)
              << std::flush;
    co_return co_await answer_clients(signals, card);
  }

 private:
  asio::awaitable<void> await_model() {
    if (!queue_.model()) std::cout << "waiting for the first worker of the queue\n" << std::flush;
    for (bool complained = false; !queue_.model();) {
      asio::steady_timer pause{co_await asio::this_coro::executor, std::chrono::milliseconds{250}};
      co_await pause.async_wait(asio::use_awaitable);
      try {
        co_await queue_.look_around();
      } catch (const redis_unavailable&) {            // the queue says so
      } catch (const boost::system::system_error&) {  // the gateway is to stop
        throw;
      } catch (const std::exception& error) {
        if (!std::exchange(complained, true))
          spdlog::error("cannot learn the workers' model: {}", error.what());
      }
    }
  }

  asio::awaitable<bool> answer_clients(asio::signal_set& signals, const model_card& card) {
    models_.put(std::make_shared<embed_server::hosted_model>(
        std::make_unique<remote_engine>(io_.get_executor(), queue_, card, max_outstanding_, tokenizer_)));
    http_.start();
    for (const std::string& address : http_.addresses())
      std::cout << fmt::format("listening on {}\n", address) << std::flush;
    co_return co_await embed_server::serve_until_signalled(signals, http_, models_, settings_.limits);
  }

  asio::io_context& io_;
  const embed_server::server_options given_;
  const std::size_t max_outstanding_;
  std::optional<embed_server::text_tokenizer> tokenizer_;
  const embed_server::http_settings settings_;
  sharded_queue queue_;
  embed_server::model_catalog models_;
  embed_server::embed_service service_;
  embed_server::server http_;
  std::optional<embed_server::reload_on_hangup> reloading_;
};

}  // namespace

void serve_gateway(const queue_options& queue, const embed_server::server_options& given) {
  std::signal(SIGHUP, SIG_IGN);  // the gateway may have nothing that it could read again
  asio::io_context io{1};
  gateway mine{io, queue, given};
  if (run_alone(io, mine.serve(), embed_server::run_on)) return;
  spdlog::error("gave up with requests unanswered");
  embed_server::end_logging();
  std::quick_exit(EXIT_FAILURE);  // what still waits may not be destroyed
}

}  // namespace cluster
