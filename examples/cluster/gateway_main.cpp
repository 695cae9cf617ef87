// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Answers HTTP with embeddings that workers of a queue in Redis compute; `carpool-gateway --help` lists its
// options.
//
// Reading order: text_request and text_reply (what travels), worker_desk, judgement and awaited_replies (what
// is decided), redis_script and redis_source (what Redis is asked to do), sharded_source, worker and
// serve_queue (a worker), reply_stream, remote_queue, sharded_queue, remote_engine and serve_gateway (a
// gateway).

#include "cluster/serve_gateway.hpp"
#include "cluster/serve_queue.hpp"
#include "embed_server/logging.hpp"
#include "embed_server/option_groups.hpp"
#include "embed_server/options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    cluster::queue_options queue;
    embed_server::server_options given;
    CLI::App app{"Answers HTTP with embeddings that the workers of a queue in Redis compute.",
                 "carpool-gateway"};
    cluster::add_queue_options(app, queue);
    cluster::add_gateway_options(app, queue);
    embed_server::add_http_options(app, given);
    CLI11_PARSE(app, argc, argv);
    given.tcp = embed_server::listens_on_port(app, given);
    if (queue.check) return cluster::check_redis(queue) ? EXIT_SUCCESS : EXIT_FAILURE;
    const embed_server::background_logging logging{given.log_level};
    cluster::serve_gateway(queue, given);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "carpool-gateway: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
