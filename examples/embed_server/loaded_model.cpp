// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The only file of the server that knows libtorch. It cannot include fmt or spdlog, since libtorch's headers
// bring a fmt of their own.

#include "loaded_model.hpp"

#include "local_engine.hpp"
#include "prompts.hpp"
#include <carpool/bert/bert.hpp>
#include <carpool/bert/program_file.hpp>
#include <carpool/dynamic_batcher.hpp>
#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/eager.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>
#include <carpool/with_work.hpp>

#include <boost/asio/use_awaitable.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace embed_server {
namespace {

namespace bert = carpool::bert;

// A classifier's lane, of whose predictions the server wants the logits: which scores, a request decides.
struct logits_lane : bert::classifier_lane {
  std::vector<boost::system::result<embedding>> split(const bert::lane_result& result,
                                                      std::size_t count) const {
    std::vector<boost::system::result<embedding>> logits;
    for (auto& each : bert::classifier_lane::split(result, count)) {
      if (each)
        logits.emplace_back(std::move(each->logits));
      else
        logits.emplace_back(each.error());
    }
    return logits;
  }
};

// What a batcher makes its lanes with, and learns from what a text or pair costs.
const bert::embedder& lanes_of(const bert::embedder& embedder) { return embedder; }

auto lanes_of(const bert::classifier& classifier) {
  return carpool::with_work{[classifier](std::size_t lane) { return logits_lane{classifier(lane)}; },
                            [classifier](const bert::tokens& text) { return classifier.work(text); }};
}

bert::model_options model_options_of(const server_options& given) {
  bert::model_options options{.device = given.device,
                              .devices = given.devices,
                              .lanes_per_device = given.lanes_per_device,
                              .threads = given.threads,
                              .precision = given.precision,
                              .invariant = given.invariant};
  if (!given.program.empty())
    options.program = bert::program_file{.path = given.program, .load_library = given.load_library};
  return options;
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

template <class Model>
std::unique_ptr<embedding_batcher> make_batcher(asio::io_context& io, const carpool::options& options,
                                                const Model& model, policy_choice policy) {
  const auto& lanes = lanes_of(model);
  static_assert(carpool::knows_work<std::remove_cvref_t<decltype(lanes)>, bert::tokens>);
  switch (policy) {
    case policy_choice::eager:
      return std::make_unique<embedding_batcher>(io, options, lanes, carpool::eager{});
    case policy_choice::size_or_timeout:
      return std::make_unique<embedding_batcher>(
          io, options, lanes, carpool::size_or_timeout{options.max_batch_size, options.max_queue_delay});
    case policy_choice::adaptive:
      break;
  }
  return std::make_unique<embedding_batcher>(io, options, lanes, carpool::adaptive{});
}

std::string name_of(const model_source& source, const std::string& folder) {
  if (!source.name.empty()) return source.name;
  // The package that brings the default model calls its folder just "model".
  return source.folder == EMBED_SERVER_DEFAULT_MODEL ? "all-MiniLM-L6-v2" : folder;
}

void describe_output(served_model& described, const bert::embedder& embedder) {
  described.dimension = embedder.dimension();
  described.pooling = embedder.pooled_by() == bert::pooling::mean ? "mean" : "cls";
  described.unit_length = embedder.normalizes();
}

void describe_output(served_model& described, const bert::classifier& classifier) {
  described.dimension = classifier.labels().size();
  described.labels = classifier.labels();
  described.score_function = classifier.score_function();
}

template <class Model>
served_model describe(const Model& model, const model_source& source, const server_options& given,
                      const carpool::options& batching) {
  served_model described;
  described.name = name_of(source, model.name());
  describe_output(described, model);
  described.max_tokens = model.max_tokens();
  described.on_gpu = !model.device_description().starts_with("cpu");
  described.precision = precision_name(given.precision, described.on_gpu);
  described.max_batch_size = batching.max_batch_size;
  described.max_queue_size = batching.max_queue_size;
  described.prompts = read_prompts(source.folder);
  described.gives_token_vectors = given.program.empty();
  described.locate_tokens = [model](std::string_view text, std::size_t limit) {
    return model.tokenizer().encode_located(text, limit);
  };
  described.decode = [decoder = std::make_shared<const bert::wordpiece_decoder>(
                          source.folder, bert::read_any_config(source.folder))](
                         std::span<const std::int32_t> ids, bool skip_special_tokens) {
    return decoder->decode(ids, skip_special_tokens);
  };
  return described;
}

template <class Model>
std::function<std::vector<gpu_reading>()> gpu_sampler(const Model& model) {
  return [gpus = model.telemetry(), headroom = model.memory_headroom()] {
    std::vector<gpu_reading> readings;
    for (const auto& [name, telemetry] : gpus) readings.push_back({name, telemetry->sample(), headroom});
    return readings;
  };
}

void add_pairs(local_parts&, const bert::embedder&) {}

void add_pairs(local_parts& parts, const bert::classifier& classifier) {
  parts.tokenize_pair = [classifier](std::string_view query, std::string_view text, bool truncate) {
    return classifier.tokenize_pair(query, text, {.truncate = truncate});
  };
}

// Lanes of its own for the model that all of them share.
template <class Model>
std::unique_ptr<embedding_engine> make_engine(asio::io_context& io, const Model& model,
                                              const model_source& source, const server_options& given,
                                              carpool::options batching, std::size_t work_per_turn) {
  const auto statistics = std::make_shared<model_statistics>(batching.max_batch_size);
  const auto tracing = std::make_shared<trace_switch>(statistics);
  batching.observer = tracing;
  local_parts parts;
  parts.tokenize = [model](std::string_view text, bool truncate) {
    return model.tokenize(text, {.truncate = truncate});
  };
  add_pairs(parts, model);
  parts.batcher = make_batcher(io, batching, model, given.policy);
  parts.batching = batching;
  parts.statistics = statistics;
  parts.tracing = tracing;
  parts.devices = [model] { return model.devices(); };
  parts.sample_gpus = gpu_sampler(model);
  return std::make_unique<local_engine>(describe(model, source, given, batching), std::move(parts),
                                        work_per_turn);
}

template <class Model>
loaded_model load(asio::io_context& io, const model_source& source, const server_options& given,
                  std::size_t work_per_turn, std::function<double(std::uint64_t)> key_weight,
                  std::function<void(std::exception_ptr)> on_batch_error) {
  const Model model{source.folder, model_options_of(given)};
  carpool::options batching = batching_options(given, model.batching());
  batching.key_weight = std::move(key_weight);
  batching.on_batch_error = std::move(on_batch_error);
  loaded_model loaded;
  loaded.engine = make_engine(io, model, source, given, batching, work_per_turn);
  loaded.device = model.device_description();
  batching.max_batch_size = 1;
  if (given.ab) loaded.unbatched = make_engine(io, model, source, given, batching, work_per_turn);
  return loaded;
}

}  // namespace

bool is_classifier(const model_source& source) {
  return bert::read_any_config(source.folder).classifier.has_value();
}

loaded_model load_model(asio::io_context& io, const model_source& source, const server_options& given,
                        std::size_t work_per_turn, std::function<double(std::uint64_t)> key_weight,
                        std::function<void(std::exception_ptr)> on_batch_error) {
  const bool classifies = is_classifier(source);
  if (classifies && !given.program.empty())
    throw std::invalid_argument("--program: " + source.folder +
                                " is a classifier's, but programs give embeddings");
  return (classifies ? load<bert::classifier> : load<bert::embedder>)(io, source, given, work_per_turn,
                                                                      std::move(key_weight),
                                                                      std::move(on_batch_error));
}

}  // namespace embed_server
