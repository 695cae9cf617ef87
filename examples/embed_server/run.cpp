// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "run.hpp"

#include "api_keys.hpp"
#include "check_report.hpp"
#include "embed_service.hpp"
#include "http_front.hpp"
#include "http_threads.hpp"
#include "loaded_model.hpp"
#include "logging.hpp"
#include "model_catalog.hpp"
#include "model_check.hpp"
#include "model_repository.hpp"
#include "options.hpp"
#include "reload.hpp"
#include "self_check.hpp"
#include "server.hpp"
#include "shutdown.hpp"
#include "tls.hpp"
#include <carpool/bert/control_groups.hpp>
#include <carpool/bert/cores.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace embed_server {
namespace {

void introduce(const loaded_model& loaded) {
  const served_model& model = loaded.engine->model();
  const char* const values = model.labels.empty()       ? "dimensions"
                             : model.labels.size() == 1 ? "label"
                                                        : "labels";
  std::cout << fmt::format("model:  {}, {} {}, texts of up to {} tokens\n", model.name, model.dimension,
                           values, model.max_tokens)
            << fmt::format("device: {}\n", loaded.device)
            << fmt::format("lanes:  {}, each with batches of up to {} texts\n", loaded.engine->stats().lanes,
                           model.max_batch_size)
            << std::flush;
}

std::unique_ptr<hosted_model> host(loaded_model loaded, const server_options& given) {
  if (!loaded.unbatched) return std::make_unique<hosted_model>(std::move(loaded.engine));
  return std::make_unique<hosted_model>(std::move(loaded.engine), std::move(loaded.unbatched), *given.ab);
}

void load_models(model_repository& repository, const model_catalog& models, const server_options& given,
                 const std::function<loaded_model(const model_source&)>& load) {
  for (const model_source& source : given.models) {
    loaded_model loaded = load(source);
    introduce(loaded);
    const std::string& name = loaded.engine->model().name;
    if (models.find(name))
      throw std::invalid_argument("--model: " + name +
                                  " is the name of two models; NAME=FOLDER gives one another");
    repository.begin_with(source, host(std::move(loaded), given));
  }
}

// Runs each model once, so that one that cannot run shows before anybody connects, then serves.
asio::awaitable<bool> serve_clients(server& http, const model_catalog& models, const limits& limits) {
  for (const auto& model : models.served()) co_await model->try_out();
  asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM};
  http.start();
  for (const std::string& address : http.addresses())
    std::cout << fmt::format("listening on {}\n", address) << std::flush;
  co_return co_await serve_until_signalled(signals, http, models, limits);
}

// Returns whether the server could start.
bool check(const server_options& given) {
  check_report report;
  check_machine(report, carpool::bert::core_count(), carpool::bert::control_groups{}.memory_limit());
  check_model(report, given);
  check_surroundings(report, given);
  std::cout << report.text() << std::flush;
  return report.good();
}

// Returns whether every request was answered.
bool serve(const server_options& given) {
  const background_logging logging{given.log_level};
  const http_settings settings = settings_of(given);
  http_threads threads;
  asio::io_context& io = threads.home();
  // First, so that a port in use shows before the model is loaded.
  auto listeners = open_listeners(io.get_executor(), given);
  const auto tls = given.tls_certificate.empty() ? nullptr : load_tls(given.tls_certificate, given.tls_key);
  model_catalog models;
  embed_service service{models, settings.limits};
  equip(service, given, settings);
  const auto weight = [&service](std::uint64_t client) { return service.clients().weights().of(client); };
  const auto load = [&](const model_source& source) {
    return load_model(io, source, given, settings.limits.work_per_turn, weight, log_model_failure);
  };
  model_repository repository{models, [&](const model_source& source) {
                                if (!given.program.empty() && source.folder != given.models.front().folder)
                                  throw std::invalid_argument(
                                      "the server runs a --program in place of one model's encoder, and can "
                                      "load no other");
                                return host(load(source), given);
                              }};
  server http{std::move(listeners), service, settings};
  http.set_tls(tls);
  // Before models are loaded, which takes a while: SIGHUP would end the process.
  const reload_on_hangup reloading{io.get_executor(), reloadables(given, settings, service, http)};
  load_models(repository, models, given, load);
  service.manage(repository);
  if (given.strict_model) service.refuse_unknown_models();
  threads.make(
      choose_http_threads(given.http_threads, models.first()->about().on_gpu, carpool::bert::core_count()));
  http.set_threads(threads.executors());

  const http_threads::running serving{threads};
  std::exception_ptr failure;
  bool everything_answered = false;
  // Only the handler holds it, so that the server ends, too, when nobody hears signals any more: Asio
  // destroys a coroutine for which it finds no memory to start what the coroutine awaits.
  std::shared_ptr<void> at_end(nullptr, [&io](void*) { io.stop(); });
  asio::co_spawn(io, serve_clients(http, models, settings.limits),
                 [&, at_end = std::move(at_end)](std::exception_ptr error, bool answered) {
                   failure = error;
                   everything_answered = answered;
                 });
  run_on(io);
  if (failure) std::rethrow_exception(failure);
  if (everything_answered && repository.all_ended(settings.limits.goodbye_time)) return true;
  spdlog::error(everything_answered ? "gave up on a model that hangs" : "gave up with requests unanswered");
  end_logging();
  std::quick_exit(EXIT_FAILURE);  // the batcher's destructor would wait for a model that may hang
}

// Else the first files and sockets would be taken for standard output.
void open_standard_files() {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; ++file)
    if (::fcntl(file, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDWR));
}

}  // namespace

int run(int argc, const char* const* argv) {
  open_standard_files();
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads our output may leave
  try {
    const auto options = parse_options(argc, argv, EMBED_SERVER_DEFAULT_MODEL);
    if (options && options->check) return check(*options) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (options) serve(*options);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "embed_server: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

}  // namespace embed_server
