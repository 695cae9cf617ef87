// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A worker around a toy model, which needs no libtorch: carpool-worker in everything else.
//
// The vector of a text is (length, first byte, last byte, 1). The text "die"
// kills the process. "wait PATH" waits until somebody has opened that named pipe to write and closed it
// again.

#include "cluster/queue_options.hpp"
#include "cluster/serve_queue.hpp"
#include "embed_server/hosted_model.hpp"
#include "embed_server/local_engine.hpp"
#include "embed_server/logging.hpp"
#include "embed_server/model_statistics.hpp"
#include <carpool/bert/error.hpp>
#include <carpool/scheduling/eager.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using embed_server::embedding;
using embed_server::tokens;

constexpr std::size_t max_tokens = 1000;

tokens tokenize(std::string_view text, bool truncate) {
  if (text.size() > max_tokens && !truncate)
    throw boost::system::system_error(carpool::bert::error::text_too_long);
  const auto kept = text.substr(0, max_tokens);
  return tokens(std::vector<std::int32_t>(kept.begin(), kept.end()));
}

embedding embed(const tokens& text) {
  const std::string bytes(text.ids.begin(), text.ids.end());
  if (bytes == "die") std::raise(SIGKILL);
  if (bytes == "boom") throw std::runtime_error("boom");
  if (bytes.starts_with("wait ")) std::ifstream{bytes.substr(5)}.peek();
  return {static_cast<float>(bytes.size()), static_cast<float>(bytes.front()),
          static_cast<float>(bytes.back()), 1};
}

std::vector<embedding> run_model(std::span<const tokens> texts, std::chrono::milliseconds time) {
  if (time.count() > 0) std::this_thread::sleep_for(time);
  std::vector<embedding> embeddings;
  for (const tokens& text : texts) embeddings.push_back(embed(text));
  return embeddings;
}

embed_server::served_model describe(const std::string& name, std::size_t max_batch_size) {
  embed_server::served_model model;
  model.name = name;
  model.dimension = 4;
  model.max_tokens = max_tokens;
  model.max_batch_size = max_batch_size;
  return model;
}

embed_server::local_parts make_parts(boost::asio::io_context& io, std::size_t max_batch_size,
                                     std::chrono::milliseconds batch_time, bool own_lane) {
  const auto statistics = std::make_shared<embed_server::model_statistics>(max_batch_size);
  const auto tracing = std::make_shared<embed_server::trace_switch>(statistics);
  carpool::options batching{.max_batch_size = max_batch_size, .observer = tracing};
  if (!own_lane) batching.model_executor = io.get_executor();
  const auto run = [batch_time](std::span<const tokens> texts) { return run_model(texts, batch_time); };
  return {.tokenize = tokenize,
          .batcher = std::make_unique<embed_server::embedding_batcher>(io, batching, run, carpool::eager{}),
          .batching = batching,
          .statistics = statistics,
          .tracing = tracing,
          .devices = [] {
            return std::vector<carpool::bert::device_status>{{"toy", true}};
          }};
}

}  // namespace

int main(int argc, char** argv) {
  try {
    cluster::queue_options queue;
    std::string name = "toy";
    std::size_t max_batch_size = 4;
    unsigned batch_ms = 0;
    bool no_lane = false;
    CLI::App app{"A worker around a toy model."};
    cluster::add_queue_options(app, queue);
    cluster::add_worker_options(app, queue);
    app.add_option("--name", name, "Name of the model");
    app.add_option("--max-batch-size", max_batch_size, "Texts in one model run");
    app.add_option("--batch-ms", batch_ms, "Milliseconds that a batch takes");
    app.add_flag("--no-lane", no_lane, "Run the model on the thread that talks to Redis");
    CLI11_PARSE(app, argc, argv);
    if (queue.check) return cluster::check_redis(queue) ? EXIT_SUCCESS : EXIT_FAILURE;
    const embed_server::background_logging logging{"info"};
    boost::asio::io_context io{1};
    const auto model =
        std::make_shared<embed_server::hosted_model>(std::make_unique<embed_server::local_engine>(
            describe(name, max_batch_size),
            make_parts(io, max_batch_size, std::chrono::milliseconds{batch_ms}, !no_lane), 1 << 16));
    return cluster::serve_queue(io, queue, model) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cerr << "toy_worker: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
