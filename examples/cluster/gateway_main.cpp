// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Answers HTTP with embeddings that workers of a queue in Redis compute; `carpool-gateway --help` lists its
// options.
//
// Reading order: text_request and text_reply (what travels), worker_desk, judgement and awaited_replies (what
// is decided), redis_script and redis_source (what Redis is asked to do), sharded_source, worker and
// serve_queue (a worker), remote_queue, sharded_queue, remote_engine and serve_gateway (a gateway).

#include "cluster/serve_gateway.hpp"
#include "cluster/serve_queue.hpp"
#include "embed_server/logging.hpp"
#include "embed_server/options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    cluster::queue_options queue;
    embed_server::server_options given;
    std::size_t max_outstanding = 4096;
    CLI::App app{"Answers HTTP with embeddings that the workers of a queue in Redis compute.",
                 "carpool-gateway"};
    cluster::add_queue_options(app, queue);
    app.add_option(
           "--max-outstanding", max_outstanding,
           "Texts in a shard of the queue at once, waiting or running, of all gateways; the same for all of "
           "them")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}, "1 to 1000000"))
        ->capture_default_str()
        ->group("Its queue");
    embed_server::add_http_options(app, given);
    CLI11_PARSE(app, argc, argv);
    given.tcp = embed_server::listens_on_port(app, given);
    if (queue.check) return cluster::check_redis(queue) ? EXIT_SUCCESS : EXIT_FAILURE;
    const embed_server::background_logging logging{given.log_level};
    cluster::serve_gateway(queue, given, max_outstanding);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "carpool-gateway: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
