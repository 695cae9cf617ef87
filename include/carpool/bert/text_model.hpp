// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/config.hpp>
#include <carpool/bert/cores.hpp>
#include <carpool/bert/cpu_lane.hpp>
#include <carpool/bert/device.hpp>
#include <carpool/bert/device_lane.hpp>
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
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace carpool::bert {

/// A model folder in memory: what `embedder` and `classifier` have in common. Immutable; distinct and shared
/// objects may be used by several threads at once.
class text_model {
 public:
  /// `read` is what reads the folder's configuration: `read_model_config` or `read_classifier_config`. Throws
  /// as `embedder` does.
  text_model(const std::filesystem::path& folder, model_options given,
             model_config (*read)(const std::filesystem::path&))
      : options_(std::move(given)),
        device_(choose_device(options_.device)),
        format_(choose_precision(options_.precision, device_)),
        config_(read(folder)),
        name_(std::filesystem::weakly_canonical(folder).filename().string()),
        tokenizer_(folder, config_),
        program_(load_program()) {
    if (program_)
      config_.type_vocab_size = 1;  // programs are not told of token types
    else
      network_ = load(folder);
    if (device_.is_cuda() && network_) budget_ = measured_budget();
  }

  /// Throws `boost::system::system_error` with a `bert::error`.
  tokens tokenize(std::string_view text, encode_options how) const {
    return not_empty(tokenizer_.encode(text, how), 2);
  }

  /// The same for two texts, of which one may be empty.
  tokens tokenize_pair(std::string_view first, std::string_view second, encode_options how) const {
    return not_empty(tokenizer_.encode_pair(first, second, how), 3);
  }

  std::unique_ptr<device_lane> make_device_lane() const {
    if (program_) return lane_of(program_);
#ifdef CARPOOL_BERT_CUDA
    if (device_.is_cuda()) {
      auto lane = std::make_unique<cuda_lane>(network_, device_, healthy_);
      lane->warm_up();
      return lane;
    }
#endif
    return std::make_unique<cpu_lane>(network_, choose_threads(options_.threads));
  }

  /// Options for a batcher: on CUDA batches of so many tokens that more would only keep callers waiting,
  /// which is measured when the model is loaded; on the CPU the lanes that `share_cores` says, or one if its
  /// threads were told; padded work where texts are padded to the longest of their batch, as a program's are.
  carpool::options batching() const {
    carpool::options result;
    if (device_.is_cpu() && options_.threads == 0) result.lanes = share_cores(core_count()).lanes;
    if (program_) result.batch_work = &padded_work;
    if (budget_) {
      result.lanes = 2;  // one collates and copies while the device works for the other
      result.max_batch_work = *budget_;
      result.max_batch_size = 4096;  // it is the tokens that count
      result.max_queue_size = std::max(result.max_queue_size, 4 * result.max_batch_size);
    }
    return result;
  }

  std::string device_description() const {
    return describe_device(device_, choose_threads(options_.threads)) +
           (program_ ? "; program " + program_->name() : "");
  }

  /// Of its CUDA device; null if it has none, or nobody tells.
  const std::shared_ptr<const gpu_telemetry>& telemetry() const { return telemetry_; }

  /// False: the device has failed for good.
  bool healthy() const { return healthy_->load(); }

  const model_config& config() const { return config_; }
  const std::string& name() const { return name_; }
  /// What applies to texts for which nothing else is asked.
  encode_options encoding() const { return {.truncate = options_.truncate}; }

 private:
  double measured_budget() const {
    constexpr std::array<std::size_t, 6> sizes{512, 1024, 2048, 4096, 8192, 16384};
    const auto lane = make_device_lane();
    return token_budget(time_runs(*lane, config_.max_tokens, sizes));
  }

  std::shared_ptr<program> load_program() const {
    if (!options_.program) return nullptr;
    if (config_.classifier)
      throw std::invalid_argument(
          "model_options::program must be empty for a classifier: programs give embeddings");
    if (options_.precision != precision::automatic) {
      throw std::invalid_argument(
          "model_options::precision must be automatic where there is a program, which computes as it was "
          "exported");
    }
    auto result = options_.program(device_);
    lane_of(result)->try_out();
    return result;
  }

  std::unique_ptr<program_lane> lane_of(std::shared_ptr<program> model) const {
    return std::make_unique<program_lane>(std::move(model), config_.hidden_size, device_,
                                          choose_threads(options_.threads));
  }

  std::shared_ptr<const encoder> load(const std::filesystem::path& folder) const {
    const c10::InferenceMode no_gradients;
    const intra_op_threads limit(choose_threads(options_.threads));
    const auto target = at::TensorOptions(format_.type).device(device_);
    return std::make_shared<const encoder>(config_,
                                           read_weights(safetensors_file{find_weights(folder)}, config_),
                                           target, choose_kernels(format_));
  }

  static tokens not_empty(tokens text, std::size_t special) {
    if (text.size() <= special) throw boost::system::system_error{make_error_code(error::empty_text)};
    return text;
  }

  model_options options_;
  c10::Device device_;
  number_format format_;
  model_config config_;
  std::string name_;
  wordpiece tokenizer_;
  std::optional<double> budget_;      // tokens per batch
  std::shared_ptr<program> program_;  // or
  std::shared_ptr<const encoder> network_;
  std::shared_ptr<const gpu_telemetry> telemetry_ = find_telemetry(device_);
  std::shared_ptr<std::atomic<bool>> healthy_ = std::make_shared<std::atomic<bool>>(true);
};

}  // namespace carpool::bert
