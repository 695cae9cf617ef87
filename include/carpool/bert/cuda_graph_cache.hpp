// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/bert/graph_buckets.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/util/Exception.h>
#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

namespace carpool::bert {

/// The CUDA graphs of one lane, one per bucket at most. Work that is captured reads the same buffers every
/// time and leaves its result in one tensor. The graphs share a memory pool, so a result must be taken before
/// the next run. Used on the lane's stream, by one thread at a time.
class graph_cache {
 public:
  /// Runs `work() -> tensor` for this bucket: as it is for the first times, so that libraries can choose
  /// their kernels and workspaces, then by a graph. A capture that fails is not tried again.
  template <class Work>
  at::Tensor run(std::size_t bucket, Work work) {
    slot& mine = slots_[bucket];
    if (!mine.graph) {
      if (mine.failed || mine.runs++ < runs_before_capture) return work();
      if (!capture(mine, work)) return work();
    }
    mine.graph->replay();
    return mine.output;
  }

  /// How often run() has to be called for a bucket until a graph runs.
  static constexpr std::size_t runs_before_capture = 3;

  /// Frees the graphs and their memory; they are captured again when they are needed. Not while one runs.
  void clear() {
    for (slot& each : slots_) each = slot();
  }

  [[nodiscard]] std::size_t captured() const noexcept {
    std::size_t count = 0;
    for (const slot& each : slots_) count += each.graph != nullptr;
    return count;
  }

 private:
  struct slot {
    std::unique_ptr<at::cuda::CUDAGraph> graph;
    at::Tensor output;
    std::size_t runs = 0;
    bool failed = false;
  };

  /// In the mode that minds calls of this thread only: other threads may allocate meanwhile.
  template <class Work>
  bool capture(slot& mine, Work& work) {
    auto graph = std::make_unique<at::cuda::CUDAGraph>();
    try {
      graph->capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
      mine.output = work();
      graph->capture_end();
    } catch (const std::exception&) {  // also of the host's, after which the stream would capture for ever
      end_failed(*graph);
      mine.output.reset();
      mine.failed = true;
      return false;
    }
    mine.graph = std::move(graph);
    return true;
  }

  static void end_failed(at::cuda::CUDAGraph& graph) {
    try {
      graph.capture_end();
    } catch (const c10::Error&) {
    }
    static_cast<void>(cudaGetLastError());  // else the next call would report it
  }

  at::cuda::MempoolId_t pool_ = at::cuda::graph_pool_handle();
  std::array<slot, graph_buckets.size()> slots_;
};

}  // namespace carpool::bert
