// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The only file of the server that knows libtorch. It cannot include fmt or spdlog, since libtorch's headers
// bring a fmt of their own.

#include "loaded_model.hpp"

#include "local_engine.hpp"
#include <carpool/bert/bert.hpp>
#include <carpool/bert/program_file.hpp>
#include <carpool/dynamic_batcher.hpp>
#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/eager.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>

#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace embed_server {
namespace {

namespace bert = carpool::bert;

bert::embedder load_embedder(const std::string& folder, const server_options& given) {
  bert::model_options options{.device = given.device,
                              .devices = given.devices,
                              .lanes_per_device = given.lanes_per_device,
                              .threads = given.threads,
                              .precision = given.precision,
                              .invariant = given.invariant};
  if (!given.program.empty())
    options.program = bert::program_file{.path = given.program, .load_library = given.load_library};
  return bert::embedder{folder, options};
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

std::string name_of(const model_source& source, const bert::embedder& embedder) {
  if (!source.name.empty()) return source.name;
  // The package that brings the default model calls its folder just "model".
  return source.folder == EMBED_SERVER_DEFAULT_MODEL ? "all-MiniLM-L6-v2" : embedder.name();
}

served_model describe(const bert::embedder& embedder, const model_source& source, const server_options& given,
                      const carpool::options& batching) {
  served_model model;
  model.name = name_of(source, embedder);
  model.dimension = embedder.dimension();
  model.max_tokens = embedder.max_tokens();
  model.pooling = embedder.pooled_by() == bert::pooling::mean ? "mean" : "cls";
  model.on_gpu = !embedder.device_description().starts_with("cpu");
  model.precision = precision_name(given.precision, model.on_gpu);
  model.max_batch_size = batching.max_batch_size;
  model.max_queue_size = batching.max_queue_size;
  model.gives_token_vectors = given.program.empty();
  model.locate_tokens = [embedder](std::string_view text, std::size_t limit) {
    return embedder.tokenizer().encode_located(text, limit);
  };
  model.decode = [decoder = std::make_shared<const bert::wordpiece_decoder>(
                      source.folder, bert::read_model_config(source.folder))](
                     std::span<const std::int32_t> ids, bool skip_special_tokens) {
    return decoder->decode(ids, skip_special_tokens);
  };
  return model;
}

std::function<std::vector<gpu_reading>()> gpu_sampler(const bert::embedder& embedder) {
  return [gpus = embedder.telemetry(), headroom = embedder.memory_headroom()] {
    std::vector<gpu_reading> readings;
    for (const auto& [name, telemetry] : gpus) readings.push_back({name, telemetry->sample(), headroom});
    return readings;
  };
}

// Lanes of its own for the model that all of them share.
std::unique_ptr<embedding_engine> make_engine(asio::io_context& io, const bert::embedder& embedder,
                                              const model_source& source, const server_options& given,
                                              carpool::options batching, std::size_t work_per_turn) {
  const auto statistics = std::make_shared<model_statistics>(batching.max_batch_size);
  const auto tracing = std::make_shared<trace_switch>(statistics);
  batching.observer = tracing;
  local_parts parts;
  parts.tokenize = [embedder](std::string_view text, bool truncate) {
    return embedder.tokenize(text, {.truncate = truncate});
  };
  parts.batcher = make_batcher(io, batching, embedder, given.policy);
  parts.batching = batching;
  parts.statistics = statistics;
  parts.tracing = tracing;
  parts.devices = [embedder] { return embedder.devices(); };
  parts.sample_gpus = gpu_sampler(embedder);
  return std::make_unique<local_engine>(describe(embedder, source, given, batching), std::move(parts),
                                        work_per_turn);
}

}  // namespace

loaded_model load_model(asio::io_context& io, const model_source& source, const server_options& given,
                        std::size_t work_per_turn, std::function<double(std::uint64_t)> key_weight,
                        std::function<void(std::exception_ptr)> on_batch_error) {
  const bert::embedder embedder = load_embedder(source.folder, given);
  carpool::options batching = batching_options(given, embedder.batching());
  batching.key_weight = std::move(key_weight);
  batching.on_batch_error = std::move(on_batch_error);
  loaded_model loaded;
  loaded.engine = make_engine(io, embedder, source, given, batching, work_per_turn);
  loaded.device = embedder.device_description();
  batching.max_batch_size = 1;
  if (given.ab) loaded.unbatched = make_engine(io, embedder, source, given, batching, work_per_turn);
  return loaded;
}

}  // namespace embed_server
