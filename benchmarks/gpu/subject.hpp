// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// A model that is measured, with either form of GELU.

#pragma once

#include <carpool/bert/bert.hpp>
#include <carpool/bert/weights.hpp>

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

using carpool::bert::activation;

constexpr activation gelu_forms[] = {activation::gelu, activation::gelu_tanh};

inline std::string name_of(activation form) { return form == activation::gelu ? "exact" : "tanh"; }

/// Makes the lanes of a batcher.
struct lane_factory {
  std::function<carpool::bert::lane(std::size_t)> make;

  carpool::bert::lane operator()(std::size_t lane) const { return make(lane); }
  double work(const carpool::bert::tokens& text) const { return static_cast<double>(text.size()); }
};

/// The rows of a tensor on the host.
inline std::vector<carpool::bert::embedding> rows_of(const at::Tensor& vectors) {
  std::vector<carpool::bert::embedding> result;
  for (std::int64_t row = 0; row < vectors.size(0); ++row) {
    const float* const begin = vectors.select(0, row).const_data_ptr<float>();
    result.emplace_back(begin, begin + vectors.size(1));
  }
  return result;
}

class subject {
 public:
  subject(std::string name, const std::filesystem::path& folder, c10::Device device)
      : name_(std::move(name)),
        device_(device),
        type_(carpool::bert::choose_precision(carpool::bert::precision::automatic, device).type),
        model_(folder, {.device = device.is_cuda() ? "cuda" : "cpu"}),
        config_(carpool::bert::read_model_config(folder)),
        weights_(carpool::bert::read_weights(
            carpool::bert::safetensors_file{carpool::bert::find_weights(folder)}, config_)) {}

  const std::string& name() const { return name_; }
  c10::Device device() const { return device_; }
  const carpool::bert::embedder& model() const { return model_; }
  const carpool::bert::encoder_weights& weights() const { return weights_; }
  at::TensorOptions target() const { return at::TensorOptions(type_).device(device_); }

  carpool::bert::model_config config(activation form) const {
    carpool::bert::model_config result = config_;
    result.activation = form;
    return result;
  }

  /// In the device's default precision, or another.
  std::shared_ptr<const carpool::bert::encoder> encoder(activation form) const {
    return encoder(form, type_);
  }
  std::shared_ptr<const carpool::bert::encoder> encoder(activation form, at::ScalarType type) const {
    return std::make_shared<const carpool::bert::encoder>(config(form), weights_, target().dtype(type));
  }
  /// As model_options::invariant makes it.
  std::shared_ptr<const carpool::bert::encoder> invariant_encoder(activation form) const {
    return std::make_shared<const carpool::bert::encoder>(
        config(form), weights_, target(), carpool::bert::choose_kernels({type_}, /*invariant=*/true));
  }

  /// -> where batches run, with CUDA graphs or without.
  std::unique_ptr<carpool::bert::device_lane> device_lane(
      const std::shared_ptr<const carpool::bert::encoder>& network, bool graphs = true) const {
#ifdef CARPOOL_BERT_CUDA
    if (device_.is_cuda()) {
      auto lane = std::make_unique<carpool::bert::cuda_lane>(
          network, device_, std::make_shared<carpool::bert::device_health>(device_.str()), turns_, graphs);
      lane->warm_up();
      return lane;
    }
#else
    static_cast<void>(graphs);
#endif
    return std::make_unique<carpool::bert::cpu_lane>(network, 1);
  }

  /// What puts such a device_lane behind a batcher.
  carpool::bert::lane lane(std::unique_ptr<carpool::bert::device_lane> device) const {
    const auto tokenizer = [model = model_](std::string_view text) { return model.tokenize(text); };
    return {config_, tokenizer, std::move(device)};
  }

  std::vector<carpool::bert::tokens> tokenize(const std::vector<std::string>& texts) const {
    std::vector<carpool::bert::tokens> result;
    for (const std::string& text : texts) result.push_back(model_.tokenize(text));
    return result;
  }

 private:
  std::string name_;
  c10::Device device_;
  at::ScalarType type_;
  carpool::bert::embedder model_;
  carpool::bert::model_config config_;
  carpool::bert::encoder_weights weights_;
#ifdef CARPOOL_BERT_CUDA
  std::shared_ptr<carpool::bert::cuda_turns> turns_ = std::make_shared<carpool::bert::cuda_turns>();
#endif
};

}  // namespace bench
