// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The only file of the server that knows libtorch. It cannot include fmt or spdlog, since libtorch's headers
// bring a fmt of their own.

#include "loaded_model.hpp"

#include <carpool/bert/bert.hpp>
#include <carpool/bert/program_file.hpp>
#include <carpool/dynamic_batcher.hpp>
#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/eager.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>

#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace embed_server {
namespace {

namespace bert = carpool::bert;

bert::embedder load_embedder(const server_options& given) {
  bert::model_options options{.device = given.device,
                              .devices = given.devices,
                              .lanes_per_device = given.lanes_per_device,
                              .threads = given.threads,
                              .precision = given.precision,
                              .invariant = given.invariant};
  if (!given.program.empty())
    options.program = bert::program_file{.path = given.program, .load_library = given.load_library};
  return bert::embedder{given.model, options};
}

// In the words of TEI.
const char* precision_name(bert::precision asked, bool on_gpu) {
  switch (asked) {
    case bert::precision::fp16:
      return "float16";
    case bert::precision::bf16:
      return "bfloat16";
    case bert::precision::int8:
      return "int8";
    case bert::precision::fp32:
      return "float32";
    case bert::precision::automatic:
      break;
  }
  return on_gpu ? "float16" : "float32";
}

std::unique_ptr<embedding_batcher> make_batcher(asio::io_context& io, const carpool::options& options,
                                                const bert::embedder& embedder, policy_choice policy) {
  switch (policy) {
    case policy_choice::eager:
      return std::make_unique<embedding_batcher>(io, options, embedder, carpool::eager{});
    case policy_choice::size_or_timeout:
      return std::make_unique<embedding_batcher>(
          io, options, embedder, carpool::size_or_timeout{options.max_batch_size, options.max_queue_delay});
    case policy_choice::adaptive:
      break;
  }
  return std::make_unique<embedding_batcher>(io, options, embedder, carpool::adaptive{});
}

}  // namespace

asio::awaitable<void> try_out(loaded_model& model) {
  tokens text = model.served.tokenize("share the ride", true);
  co_await model.batcher->async_submit(std::move(text), asio::use_awaitable);
}

loaded_model load_model(asio::io_context& io, const server_options& given,
                        std::function<double(std::uint64_t)> key_weight,
                        std::function<void(std::exception_ptr)> on_batch_error) {
  const bert::embedder embedder = load_embedder(given);
  carpool::options batching = batching_options(given, embedder.batching());
  batching.key_weight = std::move(key_weight);
  batching.on_batch_error = std::move(on_batch_error);
  const auto statistics = std::make_shared<model_statistics>(batching.max_batch_size);
  const auto tracing = std::make_shared<trace_switch>(statistics);
  batching.observer = tracing;
  loaded_model model;
  model.batching = batching;
  model.served.statistics = statistics;
  model.served.tracing = tracing;
  // The package that brings the default model calls its folder just "model".
  model.served.name = given.model == EMBED_SERVER_DEFAULT_MODEL ? "all-MiniLM-L6-v2" : embedder.name();
  model.served.dimension = embedder.dimension();
  model.served.max_tokens = embedder.max_tokens();
  model.served.pooling = embedder.pooled_by() == bert::pooling::mean ? "mean" : "cls";
  model.served.on_gpu = !embedder.device_description().starts_with("cpu");
  model.served.precision = precision_name(given.precision, model.served.on_gpu);
  model.served.max_batch_size = batching.max_batch_size;
  model.served.max_queue_size = batching.max_queue_size;
  model.served.tokenize = [embedder](std::string_view text, bool truncate) {
    return embedder.tokenize(text, {.truncate = truncate});
  };
  model.served.locate_tokens = [embedder](std::string_view text, std::size_t limit) {
    return embedder.tokenizer().encode_located(text, limit);
  };
  model.served.decode = [decoder = std::make_shared<const bert::wordpiece_decoder>(
                             given.model, bert::read_model_config(given.model))](
                            std::span<const std::int32_t> ids, bool skip_special_tokens) {
    return decoder->decode(ids, skip_special_tokens);
  };
  model.served.gives_token_vectors = given.program.empty();
  model.served.devices = [embedder] { return embedder.devices(); };
  model.served.sample_gpus = [gpus = embedder.telemetry(), headroom = embedder.memory_headroom()] {
    std::vector<gpu_reading> readings;
    for (const auto& [name, telemetry] : gpus) readings.push_back({name, telemetry->sample(), headroom});
    return readings;
  };
  model.device = embedder.device_description();
  model.batcher = make_batcher(io, batching, embedder, given.policy);
  return model;
}

}  // namespace embed_server
