// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/device_health.hpp>
#include <carpool/bert/device_lane.hpp>
#include <carpool/bert/error.hpp>
#include <carpool/bert/intra_op_threads.hpp>
#include <carpool/bert/packed_batch.hpp>
#include <carpool/bert/program.hpp>
#include <carpool/bert/tokens.hpp>

#ifdef CARPOOL_BERT_CUDA
#include <carpool/bert/cuda_stream.hpp>
#endif

#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/zeros.h>
#include <c10/core/Device.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace carpool::bert {

/// A batch as programs take it: each [texts, longest], int64, on the host.
struct padded_batch {
  at::Tensor ids;   ///< 0 where there is no token
  at::Tensor mask;  ///< 1 for a token, 0 for padding

  /// `pinned`: in memory that a CUDA device reads while the host goes on.
  explicit padded_batch(const packed_batch& batch, bool pinned = false) {
    const auto longest = static_cast<std::int64_t>(batch.longest());
    const auto options = at::TensorOptions(at::kLong).pinned_memory(pinned);
    ids = at::zeros({static_cast<std::int64_t>(batch.texts()), longest}, options);
    mask = at::zeros(ids.sizes(), options);
    auto* id = ids.mutable_data_ptr<std::int64_t>();
    auto* present = mask.mutable_data_ptr<std::int64_t>();
    for (std::size_t text = 0; text < batch.texts(); ++text, id += longest, present += longest) {
      const auto first = static_cast<std::size_t>(batch.offsets()[text]);
      const auto length = static_cast<std::size_t>(batch.offsets()[text + 1]) - first;
      std::ranges::copy(batch.ids().subspan(first, length), id);
      std::fill_n(present, length, 1);
    }
  }
};

/// The line of an engine's error that says what went wrong. TorchScript puts a traceback in front of it, and
/// throws a c10::Error in newer versions of libtorch (2.15 does, 2.11 did not).
inline std::string cause_of(const std::exception& fault) {
  const auto* error = dynamic_cast<const c10::Error*>(&fault);
  std::string text = error != nullptr ? error->what_without_backtrace() : fault.what();
  if (error != nullptr && text.find("Traceback of TorchScript") == text.npos)
    return text.substr(0, text.find('\n'));
  text.erase(text.find_last_not_of(" \n") + 1);
  return text.substr(text.rfind('\n') + 1);
}

/// A program on its device: on the CPU with `threads` intra-op threads, on CUDA on a stream of its own.
class program_lane final : public device_lane {
 public:
  /// `what()` names the program, and says what it returned and what it should have.
  struct wrong_result : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

  /// The lanes of a CUDA device share its `health`.
  program_lane(std::shared_ptr<program> model, std::int64_t dimension, c10::Device device, int threads,
               std::shared_ptr<device_health> health = nullptr)
      : model_(std::move(model)),
        dimension_(dimension),
        device_(device),
        threads_(threads),
        health_(std::move(health)) {
#ifdef CARPOOL_BERT_CUDA
    if (device.is_cuda()) stream_.emplace(device);
#endif
  }

  /// Throws `wrong_result` when the program does not return [texts, dimension] floating-point numbers, and
  /// carpool::device_lost when a CUDA device has failed for good.
  at::Tensor run(const packed_batch& batch) override {
    const c10::InferenceMode no_gradients;
#ifdef CARPOOL_BERT_CUDA
    if (stream_) return run_on_cuda(batch);
#endif
    const intra_op_threads limit(threads_);
    const padded_batch padded(batch);
    return checked((*model_)(padded.ids, padded.mask), padded).to(at::kFloat).contiguous();
  }

  /// Runs a short text alone and beside one of `max_tokens`, the longest there will be. Throws `load_error`
  /// when the program fails, returns something else than embeddings, or does not look at the mask, so that a
  /// text's embedding would depend on its company.
  void try_out(std::size_t max_tokens) {
    const tokens text{{1, 2}};
    std::size_t longest = text.size();
    try {
      const at::Tensor alone = run(batch_of({text}));
      longest = max_tokens;
      const tokens other{std::vector<std::int32_t>(longest, 2)};
      const at::Tensor padded = run(batch_of({text, other})).narrow(0, 0, 1);
      const double tolerance = 0.01 * alone.abs().max().item<double>();  // that of the coarsest number format
      if (at::allclose(alone, padded, 0, tolerance, /*equal_nan=*/true)) return;
    } catch (const wrong_result& fault) {
      throw load_error{fault.what()};
    } catch (const std::exception& fault) {
      throw load_error{model_->name() + ": the program failed when it was tried out with a text of " +
                       std::to_string(longest) + " tokens: " + cause_of(fault)};
    }
    throw load_error{model_->name() +
                     ": the program gives a text another embedding when padding is behind it; its second "
                     "input, the mask, must keep padding out"};
  }

 private:
  static packed_batch batch_of(std::initializer_list<tokens> texts) {
    packed_batch result;
    for (const tokens& text : texts) result.append(text);
    result.close();
    return result;
  }

#ifdef CARPOOL_BERT_CUDA
  at::Tensor run_on_cuda(const packed_batch& batch) {
    health_->check();
    const auto on_stream = stream_->use();
    try {
      const padded_batch padded(batch, /*pinned=*/true);
      const at::Tensor ids = padded.ids.to(device_, /*non_blocking=*/true);
      const at::Tensor mask = padded.mask.to(device_, /*non_blocking=*/true);
      return stream_->to_host(checked((*model_)(ids, mask), padded));
    } catch (const std::exception&) {  // engines have exceptions of their own
      stream_->check(*health_);
      throw;
    }
  }

  std::optional<cuda_stream> stream_;
#endif

  at::Tensor checked(at::Tensor embeddings, const padded_batch& batch) const {
    const std::int64_t texts = batch.ids.size(0);
    if (embeddings.defined() && embeddings.is_floating_point() &&
        embeddings.sizes() == at::IntArrayRef{texts, dimension_} && embeddings.device() == device_) {
      return embeddings;
    }
    std::ostringstream sentence;
    sentence << model_->name() << ": the program returned ";
    if (embeddings.defined()) {
      sentence << embeddings.scalar_type() << embeddings.sizes() << " on " << embeddings.device();
    } else {
      sentence << "nothing";
    }
    sentence << " for ids of the shape " << batch.ids.sizes() << "; it must return floating-point numbers ["
             << texts << ", " << dimension_ << "], the texts times the model's hidden_size, on " << device_;
    throw wrong_result(sentence.str());
  }

  std::shared_ptr<program> model_;
  std::int64_t dimension_;
  c10::Device device_;
  int threads_;
  std::shared_ptr<device_health> health_;  // of a CUDA device
};

}  // namespace carpool::bert
