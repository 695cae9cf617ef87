// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cuda_attention.cuh"
#include "cuda_kernels.cuh"
#include "cuda_kernels.h"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace {

using namespace carpool::bert;

constexpr std::size_t shared_bytes = 48 * 1024;  // that every device grants without being asked

/// Calls `launch(T{}, pack)` with the type and how many values of it a thread takes at once, which have so
/// many bytes, or are one; then tells whether the launch worked.
template <class Launch>
int with_type(carpool_cuda_type type, int bytes, Launch launch) {
  const auto pick = [&](auto value) {
    constexpr int width = 16 / sizeof(value);
    if (bytes == 16)
      launch(value, std::integral_constant<int, width>{});
    else if (bytes == 8)
      launch(value, std::integral_constant<int, width / 2>{});
    else
      launch(value, std::integral_constant<int, 1>{});
  };
  if (type == carpool_cuda_fp32) pick(float{});
  if (type == carpool_cuda_fp16) pick(__half{});
  if (type == carpool_cuda_bf16) pick(__nv_bfloat16{});
  return cudaGetLastError();
}

/// 16, or 0 where rows or pointers are not multiples of that.
template <class... Pointers>
int pack_bytes(carpool_cuda_type type, int64_t hidden, const Pointers*... pointers) {
  const int width = type == carpool_cuda_fp32 ? 4 : 8;
  const bool fits = hidden % width == 0 && ((reinterpret_cast<std::uintptr_t>(pointers) % 16 == 0) && ...);
  return fits ? 16 : 0;
}

/// The same where a warp takes a row: 8 where that gives each of its threads as many.
template <class... Pointers>
int warp_pack_bytes(carpool_cuda_type type, int64_t hidden, const Pointers*... pointers) {
  const int at_once = device::warp * (type == carpool_cuda_fp32 ? 4 : 8);
  const int bytes = pack_bytes(type, hidden, pointers...);
  return bytes != 0 && hidden % at_once != 0 && hidden % (at_once / 2) == 0 ? 8 : bytes;
}

bool takes(int64_t hidden) { return hidden > 0 && hidden <= carpool_cuda_most_hidden; }

/// A warp for each row, four in a block, which keeps it in registers if they are enough for it, else in
/// shared memory, as far as that goes.
struct warp_per_row {
  static constexpr int most_packs = 4;  // of a lane in registers

  warp_per_row(int64_t rows, int64_t hidden, int width) {
    in_registers = hidden <= int64_t{most_packs} * device::warp * width;
    const std::size_t row_bytes = in_registers ? 0 : sizeof(float) * static_cast<std::size_t>(hidden);
    unsigned at_once = 4;
    while (at_once * row_bytes > shared_bytes) --at_once;
    threads = dim3(device::warp, at_once);
    blocks = static_cast<unsigned>((rows + at_once - 1) / at_once);
    bytes = at_once * row_bytes;
  }

  /// Calls `launch` with where rows are kept.
  template <int V, class Launch>
  void with_place(Launch launch) const {
    if (in_registers)
      launch(static_cast<device::kept_in_registers<V, most_packs>*>(nullptr));
    else
      launch(static_cast<device::kept_in_shared_memory<V>*>(nullptr));
  }

  bool in_registers;
  unsigned blocks;
  dim3 threads;
  std::size_t bytes;  // of shared memory
};

template <class T>
const T* as(const void* pointer, T) {
  return static_cast<const T*>(pointer);
}

}  // namespace

int carpool_cuda_embedding_norm(carpool_cuda_type type, const void* words, const int32_t* ids,
                                const void* positions, const int32_t* places, const void* scale,
                                const void* shift, float eps, void* out, int64_t rows, int64_t hidden,
                                void* stream) {
  if (rows == 0) return cudaSuccess;
  if (!takes(hidden)) return cudaErrorInvalidValue;
  return with_type(
      type, warp_pack_bytes(type, hidden, words, positions, scale, shift, out), [&](auto value, auto width) {
        using T = decltype(value);
        constexpr int V = decltype(width)::value;
        const warp_per_row grid(rows, hidden, V);
        grid.with_place<V>([&](auto* place) {
          device::embedding_norm<std::remove_pointer_t<decltype(place)>, V>
              <<<grid.blocks, grid.threads, grid.bytes, static_cast<cudaStream_t>(stream)>>>(
                  as<T>(words, value), ids, as<T>(positions, value), places, as<T>(scale, value),
                  as<T>(shift, value), eps, static_cast<T*>(out), rows, static_cast<int>(hidden));
        });
      });
}

int carpool_cuda_residual_norm(carpool_cuda_type type, const void* x, const void* residual, const void* scale,
                               const void* shift, float eps, void* out, int64_t rows, int64_t hidden,
                               void* stream) {
  if (rows == 0) return cudaSuccess;
  if (!takes(hidden)) return cudaErrorInvalidValue;
  return with_type(
      type, warp_pack_bytes(type, hidden, x, residual, scale, shift, out), [&](auto value, auto width) {
        using T = decltype(value);
        constexpr int V = decltype(width)::value;
        const warp_per_row grid(rows, hidden, V);
        grid.with_place<V>([&](auto* place) {
          device::residual_norm<std::remove_pointer_t<decltype(place)>, V>
              <<<grid.blocks, grid.threads, grid.bytes, static_cast<cudaStream_t>(stream)>>>(
                  as<T>(x, value), as<T>(residual, value), as<T>(scale, value), as<T>(shift, value), eps,
                  static_cast<T*>(out), rows, static_cast<int>(hidden));
        });
      });
}

int carpool_cuda_pool(carpool_cuda_type type, const void* x, const int32_t* offsets, int first_only,
                      int normalize, float* out, int64_t texts, int64_t hidden, void* stream) {
  if (texts == 0) return cudaSuccess;
  if (!takes(hidden)) return cudaErrorInvalidValue;
  // Both depend on the width of a row alone, and so does the order of additions.
  const auto fit = (shared_bytes - 32 * sizeof(float)) / (sizeof(float) * static_cast<std::size_t>(hidden));
  const unsigned streams = fit < 8 ? static_cast<unsigned>(fit) : 8U;
  const unsigned across = hidden > 512 ? 128U : 64U;
  const std::size_t bytes = (streams * static_cast<std::size_t>(hidden) + 32) * sizeof(float);
  return with_type(type, pack_bytes(type, hidden, x), [&](auto value, auto width) {
    device::pool<decltype(width)::value>
        <<<static_cast<unsigned>(texts), dim3(across, streams), bytes, static_cast<cudaStream_t>(stream)>>>(
            as(x, value), offsets, first_only != 0, normalize != 0, out, static_cast<int>(hidden));
  });
}

int carpool_cuda_attention(carpool_cuda_type type, const void* qkv, const int32_t* offsets, void* out,
                           int64_t rows, int64_t texts, int64_t heads, int64_t head_size, void* stream) {
  if (texts == 0) return cudaSuccess;
  constexpr int at_once = device::attention_heads;
  const dim3 blocks(static_cast<unsigned>(rows / device::attention_rows + texts),
                    static_cast<unsigned>((heads + at_once - 1) / at_once));
  const auto launch = [&](auto value, auto size) {
    const float scale = 1.44269504F / sqrtf(static_cast<float>(head_size));
    device::attention<decltype(size)::value>
        <<<blocks, dim3(device::warp, at_once), 0, static_cast<cudaStream_t>(stream)>>>(
            as(qkv, value), offsets, static_cast<int>(texts), static_cast<int>(heads), scale,
            static_cast<decltype(value)*>(out));
    return cudaGetLastError();
  };
  const auto with_size = [&](auto value) {
    if (head_size == 32) return launch(value, std::integral_constant<int, 32>{});
    if (head_size == 64) return launch(value, std::integral_constant<int, 64>{});
    return cudaErrorInvalidValue;
  };
  if (type == carpool_cuda_fp16) return with_size(__half{});
  if (type == carpool_cuda_bf16) return with_size(__nv_bfloat16{});
  return cudaErrorInvalidValue;
}
