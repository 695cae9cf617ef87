// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "run.hpp"

#include "api_keys.hpp"
#include "embed_service.hpp"
#include "http_front.hpp"
#include "loaded_model.hpp"
#include "logging.hpp"
#include "options.hpp"
#include "reload.hpp"
#include "server.hpp"
#include "shutdown.hpp"
#include "tls.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace embed_server {
namespace {

void log_failure(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const std::exception& error) {
    spdlog::error("the model failed: {}", error.what());
  } catch (...) {
    spdlog::error("the model failed");
  }
}

void introduce(const loaded_model& loaded) {
  const served_model& model = loaded.engine->model();
  std::cout << fmt::format("model:  {}, {} dimensions, texts of up to {} tokens\n", model.name,
                           model.dimension, model.max_tokens)
            << fmt::format("device: {}\n", loaded.device)
            << fmt::format("lanes:  {}, each with batches of up to {} texts\n", loaded.engine->stats().lanes,
                           model.max_batch_size)
            << std::flush;
}

// So that a model that cannot run shows before anybody connects.
asio::awaitable<void> try_out(embedding_engine& engine) {
  const std::vector<std::string> first{"share the ride"};
  embedding_job job;
  job.texts = first;
  co_await engine.embed(std::move(job));
}

asio::awaitable<bool> serve_clients(server& http, embedding_engine& engine, const limits& limits) {
  co_await try_out(engine);
  asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM};
  http.start();
  for (const std::string& address : http.addresses())
    std::cout << fmt::format("listening on {}\n", address) << std::flush;
  co_return co_await serve_until_signalled(signals, http, engine, limits);
}

// Returns whether every request was answered.
bool serve(const server_options& given) {
  const background_logging logging{given.log_level};
  const http_settings settings = settings_of(given);
  asio::io_context io{1};
  // First, so that a port in use shows before the model is loaded.
  auto listeners = open_listeners(io.get_executor(), given);
  const auto tls = given.tls_certificate.empty() ? nullptr : load_tls(given.tls_certificate, given.tls_key);
  if (!given.api_keys.empty()) api_keys::read(given.api_keys);  // likewise
  const loaded_model model = load_model(io, given, settings.limits.work_per_turn, log_failure);
  introduce(model);
  embed_service service{*model.engine, settings.limits};
  equip(service, given, settings);
  server http{std::move(listeners), service, settings};
  http.set_tls(tls);
  asio::co_spawn(io, reload_on_hangup(reloadables(given, settings, service, http)), asio::detached);

  std::exception_ptr failure;
  bool everything_answered = false;
  asio::co_spawn(io, serve_clients(http, *model.engine, settings.limits),
                 [&](std::exception_ptr error, bool answered) {
                   failure = error;
                   everything_answered = answered;
                   io.stop();
                 });
  io.run();
  if (failure) std::rethrow_exception(failure);
  if (everything_answered) return true;
  spdlog::error("gave up with requests unanswered");
  spdlog::shutdown();
  std::quick_exit(EXIT_FAILURE);  // the batcher's destructor would wait for a model that may hang
}

}  // namespace

int run(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads our output may leave
  try {
    const auto options = parse_options(argc, argv, EMBED_SERVER_DEFAULT_MODEL);
    if (options) serve(*options);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "embed_server: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

}  // namespace embed_server
