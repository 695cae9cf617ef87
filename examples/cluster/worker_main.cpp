// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Takes texts from a queue in Redis, has a model embed them, and replies; `carpool-worker --help` lists its
// options.

#include "cluster/serve_queue.hpp"
#include "embed_server/hosted_model.hpp"
#include "embed_server/limits.hpp"
#include "embed_server/loaded_model.hpp"
#include "embed_server/logging.hpp"
#include "embed_server/option_groups.hpp"
#include "embed_server/options.hpp"

#include <boost/asio/io_context.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

bool work(const cluster::queue_options& queue, const embed_server::server_options& given) {
  const embed_server::background_logging logging{given.log_level};
  boost::asio::io_context io{1};
  embed_server::loaded_model model =
      embed_server::load_model(io, given.models.front(), given, embed_server::limits{}.work_per_turn, {},
                               embed_server::log_model_failure);
  std::cout << "model:  " << model.engine->model().name << ", on " << model.device << std::endl;
  const auto hosted = std::make_shared<embed_server::hosted_model>(std::move(model.engine));
  if (cluster::serve_queue(io, queue, hosted)) return true;
  spdlog::error("gave up with texts unanswered; another worker will find them");
  embed_server::end_logging();
  std::quick_exit(EXIT_FAILURE);  // the batcher's destructor would wait for a model that may hang
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    cluster::queue_options queue;
    embed_server::server_options given;
    given.models = {{"", EMBED_SERVER_DEFAULT_MODEL}};
    CLI::App app{"Embeds the texts of a queue in Redis.", "carpool-worker"};
    cluster::add_queue_options(app, queue);
    cluster::add_worker_options(app, queue);
    embed_server::add_model_options(app, given);
    embed_server::add_log_level(app, given);
    CLI11_PARSE(app, argc, argv);
    if (queue.check) return cluster::check_redis(queue) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (given.models.size() > 1) throw std::invalid_argument("--model: a worker has one model");
    if (given.models.front().folder.empty())
      throw std::invalid_argument("--model is required: no default model is installed");
    // Mistakes show before the model is loaded.
    if (embed_server::is_classifier(given.models.front()))
      throw std::invalid_argument("--model: " + given.models.front().folder +
                                  " holds a classifier, but the queue carries embeddings only");
    cluster::settings_of(queue);
    return work(queue, given) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cerr << "carpool-worker: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
