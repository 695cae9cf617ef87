// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ATen/TensorIterator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstddef>
#include <cstdint>

namespace carpool::bert {

/// Calls work(i) for every i < count, on libtorch's intra-op threads, of which each gets `worth_a_thread` at
/// least. (at::parallel_for does so only for who is compiled with OpenMP, which a header cannot ask for.)
template <class Work>
void for_each_index(std::int64_t count, std::int64_t worth_a_thread, const Work& work) {
  const at::Tensor indices = at::empty({count}, at::kByte);  // by their addresses
  const auto* const begin = indices.const_data_ptr<std::uint8_t>();
  const auto run = [&](char** data, const std::int64_t*, std::int64_t inner, std::int64_t outer) {
    const std::int64_t first = reinterpret_cast<const std::uint8_t*>(data[0]) - begin;
    for (std::int64_t i = first; i < first + inner * outer; ++i) work(i);
  };
  auto all = at::TensorIteratorConfig().add_const_input(indices).build();
  all.for_each(run, worth_a_thread);
}

}  // namespace carpool::bert
