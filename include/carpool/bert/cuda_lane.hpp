// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/cuda_graph_cache.hpp>
#include <carpool/bert/cuda_stream.hpp>
#include <carpool/bert/cuda_turns.hpp>
#include <carpool/bert/device_health.hpp>
#include <carpool/bert/device_lane.hpp>
#include <carpool/bert/encoder.hpp>
#include <carpool/bert/graph_buckets.hpp>
#include <carpool/bert/packed_batch.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/Device.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/util/Exception.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace carpool::bert {

/// The encoder on a CUDA device, on a stream of its own: one copy to the device, the encoder, one copy back,
/// and a thread that sleeps until that copy is there. Small batches run as CUDA graphs. A second lane on the
/// device hides the copies and the work of the host; weights are shared. Exists where CARPOOL_BERT_CUDA is
/// defined, as carpool's CMake target does when it finds a CUDA toolkit that fits libtorch.
class cuda_lane final : public device_lane {
 public:
  /// The lanes of a device share its `health` and `turns`. Without graphs the kernels are launched one by
  /// one, which is for comparisons.
  cuda_lane(std::shared_ptr<const encoder> model, c10::Device device, std::shared_ptr<device_health> health,
            std::shared_ptr<cuda_turns> turns, bool with_graphs = true)
      : device_(device),
        health_(std::move(health)),
        turns_(std::move(turns)),
        with_graphs_(with_graphs && model->runs_in_graphs()),
        model_(std::move(model)),
        stream_(device) {}

  /// The result is in a buffer of the lane, until the next run. Throws carpool::device_lost when the device
  /// has failed for good.
  at::Tensor run(const packed_batch& batch) override {
    return guarded([&] { return to_host(encode(batch), batch.texts()); });
  }

  /// Without graphs, which would have to hold the vectors of all tokens. Throws as `run`.
  at::Tensor run_unpooled(const packed_batch& batch) override {
    return guarded([&] {
      const device_batch there = sent(batch);
      return stream_.to_host(in_turn(batch.rows(), [&] { return model_->unpooled(there); }));
    });
  }

  /// Captures the graphs of all buckets, the largest first, which sizes their memory. Without it each is
  /// captured when it has been needed a few times.
  void warm_up() {
    if (!with_graphs_) return;
    for (std::size_t i = graph_buckets.size(); i-- > 0;) {
      packed_batch batch;
      batch.append(tokens(std::vector<std::int32_t>(1)));  // padding fills the bucket up
      batch.close();
      const c10::InferenceMode no_gradients;
      const auto on_stream = stream_.use();
      for (std::size_t n = 0; n <= graph_cache::runs_before_capture; ++n) {
        by_graph(batch, i);
        C10_CUDA_CHECK(stream_.status());  // what is sent must stay as it is until it has been
      }
    }
  }

 private:
  /// Runs `work` on the stream, and finds out what its failures mean.
  template <class Work>
  at::Tensor guarded(const Work& work) {
    const c10::InferenceMode no_gradients;
    health_->check();
    const auto on_stream = stream_.use();
    try {
      return work();
    } catch (const c10::OutOfMemoryError&) {
      release_memory();
      throw;
    } catch (const std::exception&) {  // also of the host's: what was sent must not be overwritten on its way
      stream_.check(*health_);
      throw;
    }
  }

  /// -> [at least texts, dimension] on the device
  at::Tensor encode(const packed_batch& batch) {
    if (with_graphs_)
      if (const auto bucket = find_bucket(batch.token_count(), batch.longest(), batch.texts()))
        return by_graph(batch, *bucket);
    const device_batch there = sent(batch);
    return in_turn(batch.rows(), [&] { return (*model_)(there); });
  }

  /// Puts a batch of so many rows on the stream, kernel by kernel. While launching the kernels takes as long
  /// as running them, lanes do better to do so at the same time: with a width of 384 up to some 7000 rows.
  template <class Work>
  at::Tensor in_turn(std::size_t rows, const Work& work) {
    constexpr std::size_t outweighs_launches = std::size_t{1} << 30U;  // multiplications of a square product
    const auto width = static_cast<std::size_t>(model_->hidden_size());
    return rows * width * width > outweighs_launches ? turns_->take(work) : work();
  }

  device_batch sent(const packed_batch& batch) {
    const std::size_t size = 2 * batch.rows() + batch.offsets().size();
    lay_out(batch, numbers(size));
    return view(batch, send(at::empty({count(size)}, on_device())), batch.rows(), batch.longest());
  }

  at::Tensor by_graph(const packed_batch& batch, std::size_t index) {
    const graph_bucket& bucket = graph_buckets[index];
    lay_out(batch, bucket, numbers(bucket.numbers()));
    if (!graph_numbers_.defined()) graph_numbers_ = at::empty({count(largest.numbers())}, on_device());
    const at::Tensor sent = send(graph_numbers_.narrow(0, 0, count(bucket.numbers())));
    return graphs_.run(index, [&] { return (*model_)(view(batch, sent, bucket.tokens, bucket.longest)); });
  }

  static device_batch view(const packed_batch& host, const at::Tensor& numbers, std::size_t rows,
                           std::size_t longest) {
    const std::int64_t n = count(rows);
    return {host, numbers.narrow(0, 0, n), numbers.narrow(0, n, n),
            numbers.narrow(0, 2 * n, numbers.size(0) - 2 * n), longest};
  }

  /// So many numbers in pinned memory, to be sent.
  std::span<std::int32_t> numbers(std::size_t size) {
    grow(numbers_, size, at::kInt);
    return {numbers_.mutable_data_ptr<std::int32_t>(), size};
  }

  /// Copies as many of them as `to` takes; returns `to`.
  at::Tensor send(const at::Tensor& to) const {
    return to.copy_(numbers_.narrow(0, 0, to.size(0)), /*non_blocking=*/true);
  }

  at::Tensor to_host(const at::Tensor& pooled, std::size_t texts) {
    const at::Tensor wanted = pooled.narrow(0, 0, count(texts));
    grow(results_, static_cast<std::size_t>(wanted.numel()), at::kFloat);
    at::Tensor result = results_.narrow(0, 0, wanted.numel()).view(wanted.sizes());
    result.copy_(wanted, /*non_blocking=*/true);
    stream_.wait();
    return result;
  }

  /// Pinned memory is dear to get, so it is kept, and grows by doubling. The stream has nothing to do now.
  static void grow(at::Tensor& buffer, std::size_t size, at::ScalarType type) {
    if (buffer.defined() && count(size) <= buffer.size(0)) return;
    const std::int64_t twice = buffer.defined() ? 2 * buffer.size(0) : 0;
    buffer = at::empty({std::max({count(size), twice, std::int64_t{1} << 14})},
                       at::TensorOptions(type).pinned_memory(true));
  }

  void release_memory() {
    static_cast<void>(stream_.status());
    graphs_.clear();
    c10::cuda::CUDACachingAllocator::emptyCache();
  }

  static std::int64_t count(std::size_t size) noexcept { return static_cast<std::int64_t>(size); }
  [[nodiscard]] at::TensorOptions on_device() const { return at::TensorOptions(at::kInt).device(device_); }

  static constexpr graph_bucket largest = graph_buckets.back();

  c10::Device device_;
  std::shared_ptr<device_health> health_;
  std::shared_ptr<cuda_turns> turns_;
  bool with_graphs_;
  std::shared_ptr<const encoder> model_;
  cuda_stream stream_;
  at::Tensor numbers_;        // pinned int32, what is sent
  at::Tensor results_;        // pinned fp32, what comes back
  at::Tensor graph_numbers_;  // on the device, where graphs read them
  graph_cache graphs_;
};

}  // namespace carpool::bert
