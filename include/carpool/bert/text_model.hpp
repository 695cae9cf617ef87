// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/config.hpp>
#include <carpool/bert/cores.hpp>
#include <carpool/bert/cpu_lane.hpp>
#include <carpool/bert/device.hpp>
#include <carpool/bert/device_health.hpp>
#include <carpool/bert/device_lane.hpp>
#include <carpool/bert/device_placement.hpp>
#include <carpool/bert/encoder.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/options.hpp>
#include <carpool/bert/precision.hpp>
#include <carpool/bert/program.hpp>
#include <carpool/bert/program_lane.hpp>
#include <carpool/bert/safetensors.hpp>
#include <carpool/bert/time_runs.hpp>
#include <carpool/bert/token_budget.hpp>
#include <carpool/bert/tokens.hpp>
#include <carpool/bert/weights.hpp>
#include <carpool/bert/wordpiece.hpp>
#include <carpool/options.hpp>
#include <carpool/work.hpp>

#include <boost/system/system_error.hpp>

#ifdef CARPOOL_BERT_CUDA
#include <carpool/bert/cuda_lane.hpp>
#endif

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carpool::bert {

/// A model folder in memory: what `embedder` and `classifier` have in common. Immutable; distinct and shared
/// objects may be used by several threads at once.
class text_model {
 public:
  /// `read` is what reads the folder's configuration: `read_model_config` or `read_classifier_config`. Throws
  /// as `embedder` does.
  text_model(const std::filesystem::path& folder, const model_options& given,
             model_config (*read)(const std::filesystem::path&))
      : text_model(folder, given, read, choose_devices(given.device, given.devices)) {}

  /// Throws `boost::system::system_error` with a `bert::error`.
  tokens tokenize(std::string_view text, encode_options how) const {
    return not_empty(tokenizer_.encode(text, how), 2);
  }

  /// The same for two texts, of which one may be empty.
  tokens tokenize_pair(std::string_view first, std::string_view second, encode_options how) const {
    return not_empty(tokenizer_.encode_pair(first, second, how), 3);
  }

  /// The lane of this index, on the device that `device_placement` says.
  std::unique_ptr<device_lane> make_device_lane(std::size_t lane) const {
    const host& mine = hosts_[placement_(lane).device];
    if (mine.program) return lane_of(mine);
#ifdef CARPOOL_BERT_CUDA
    if (mine.device.is_cuda()) {
      auto result = std::make_unique<cuda_lane>(mine.network, mine.device, mine.health, mine.turns);
      result->warm_up();
      return result;
    }
#endif
    return std::make_unique<cpu_lane>(mine.network, choose_threads(options_));
  }

  /// Options for a batcher: the lanes and devices of `model_options`; on CUDA batches of so many tokens that
  /// more would only keep callers waiting, which is measured on the first device when the model is loaded;
  /// padded work where texts are padded to the longest of their batch, as a program's are.
  carpool::options batching() const {
    carpool::options result;
    result.lanes = placement_.lanes();
    result.devices = placement_.devices();
    if (options_.program) result.batch_work = &padded_work;
    if (budget_) {
      result.max_batch_work = *budget_;
      result.max_batch_size = 4096;  // it is the tokens that count
      result.max_queue_size = std::max(result.max_queue_size, 4 * result.max_batch_size);
    }
    return result;
  }

  std::string device_description() const {
    std::string result;
    for (const host& each : hosts_) {
      if (!result.empty()) result += "; ";
      result += describe_device(each.device, choose_threads(options_));
    }
    const host& first = hosts_.front();
    if (options_.program) return result + "; program " + first.program->name();
    if (first.device.is_cuda())
      result.append("; attention by ").append(name_of(first.network->chosen_attention()));
    return result;
  }

  /// Of its CUDA devices, by their names; none where nobody tells.
  std::vector<std::pair<std::string, std::shared_ptr<const gpu_telemetry>>> telemetry() const {
    std::vector<std::pair<std::string, std::shared_ptr<const gpu_telemetry>>> result;
    for (const host& each : hosts_)
      if (each.telemetry) result.emplace_back(each.device.str(), each.telemetry);
    return result;
  }

  /// Its devices, and whether they work or have failed for good.
  std::vector<device_status> devices() const {
    std::vector<device_status> result;
    for (const host& each : hosts_) result.push_back(each.health->status());
    return result;
  }

  const model_config& config() const { return config_; }
  const wordpiece& tokenizer() const { return tokenizer_; }
  const std::string& name() const { return name_; }
  double memory_headroom() const { return options_.memory_headroom; }
  /// What applies to texts for which nothing else is asked.
  encode_options encoding() const { return {.truncate = options_.truncate}; }

 private:
  /// A device, and what its lanes share.
  struct host {
    explicit host(c10::Device where) : device(where) {}

    c10::Device device;
    std::shared_ptr<bert::program> program;  // or
    std::shared_ptr<const encoder> network;
    std::shared_ptr<device_health> health = std::make_shared<device_health>(device.str());
#ifdef CARPOOL_BERT_CUDA
    std::shared_ptr<cuda_turns> turns = std::make_shared<cuda_turns>();
#endif
    std::shared_ptr<const gpu_telemetry> telemetry = find_telemetry(device);
  };

  text_model(const std::filesystem::path& folder, const model_options& given,
             model_config (*read)(const std::filesystem::path&), const std::vector<c10::Device>& devices)
      : options_(given),
        placement_(devices.size(), choose_lanes(options_, devices.front().is_cuda())),
        format_(choose_precision(options_.precision, devices.front())),
        config_(read(folder)),
        name_(std::filesystem::weakly_canonical(folder).filename().string()),
        tokenizer_(folder, config_),
        hosts_(devices.begin(), devices.end()) {
    for (host& each : hosts_) load(each, folder);
    if (options_.program) config_.type_vocab_size = 1;  // programs are not told of token types
    if (devices.front().is_cuda() && !options_.program) budget_ = measured_budget();
  }

  double measured_budget() const {
    constexpr std::array<std::size_t, 6> sizes{512, 1024, 2048, 4096, 8192, 16384};
    const auto lane = make_device_lane(0);
    return token_budget(time_runs(*lane, config_.max_tokens, sizes));
  }

  void load(host& each, const std::filesystem::path& folder) const {
    keep_headroom(each.device, options_.memory_headroom);
    if (options_.program)
      load_program(each);
    else
      each.network = load_network(folder, each.device);
  }

  void load_program(host& each) const {
    if (config_.classifier)
      throw std::invalid_argument(
          "model_options::program must be empty for a classifier: programs give embeddings");
    if (options_.invariant) {
      throw std::invalid_argument(
          "model_options::invariant must be off where there is a program, whose texts are padded to the "
          "longest of their batch");
    }
    if (options_.precision != precision::automatic) {
      throw std::invalid_argument(
          "model_options::precision must be automatic where there is a program, which computes as it was "
          "exported");
    }
    each.program = options_.program(each.device);
    lane_of(each)->try_out(config_.max_tokens);
  }

  std::unique_ptr<program_lane> lane_of(const host& each) const {
    return std::make_unique<program_lane>(each.program, config_.hidden_size, each.device,
                                          choose_threads(options_), each.health);
  }

  std::shared_ptr<const encoder> load_network(const std::filesystem::path& folder, c10::Device device) const {
    const c10::InferenceMode no_gradients;
    const intra_op_threads limit(choose_threads(options_));
    const auto target = at::TensorOptions(format_.type).device(device);
    return std::make_shared<const encoder>(config_,
                                           read_weights(safetensors_file{find_weights(folder)}, config_),
                                           target, choose_kernels(format_, options_.invariant));
  }

  static tokens not_empty(tokens text, std::size_t special) {
    if (text.size() <= special) throw boost::system::system_error{make_error_code(error::empty_text)};
    return text;
  }

  model_options options_;
  device_placement placement_;
  number_format format_;
  model_config config_;
  std::string name_;
  wordpiece tokenizer_;
  std::vector<host> hosts_;       // as many as there are devices
  std::optional<double> budget_;  // tokens per batch
};

}  // namespace carpool::bert
