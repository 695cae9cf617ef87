// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include "support/reference_bert.hpp"
#include <carpool/bert/attention.hpp>
#include <carpool/bert/intra_op_threads.hpp>

#include <ATen/Context.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <set>
#include <string_view>
#include <vector>

using namespace carpool::bert;
using carpool::test::reference_bert;

namespace {

constexpr std::int64_t heads = 3;
constexpr std::int64_t width = 48;

/// Rows `first` to `last` and one third of the columns.
reference_bert::matrix part(const at::Tensor& qkv, std::int64_t first, std::int64_t last,
                            std::int64_t which) {
  reference_bert::matrix result;
  const auto values = qkv.accessor<float, 2>();
  for (std::int64_t row = first; row < last; ++row) {
    result.emplace_back();
    for (std::int64_t column = 0; column < width; ++column)
      result.back().push_back(values[row][which * width + column]);
  }
  return result;
}

packed_batch batch_of(std::initializer_list<std::size_t> lengths) {
  packed_batch batch;
  for (const std::size_t length : lengths) batch.append(tokens{std::vector<std::int32_t>(length)});
  return batch;
}

/// Rows of `qkv` that the batch does not have must become zero.
void check_against_reference(at::Tensor (*attend)(const at::Tensor&, const packed_batch&, std::int64_t),
                             const at::Tensor& qkv, const packed_batch& batch, double tolerance = 1e-6) {
  const at::Tensor result = attend(qkv, batch, heads);
  REQUIRE((result.sizes() == at::IntArrayRef({qkv.size(0), width})));
  double worst = 0;
  for (std::size_t text = 0; text < batch.texts(); ++text) {
    const std::int64_t first = batch.offsets()[text];
    const std::int64_t last = batch.offsets()[text + 1];
    const auto expected = reference_bert::attention(part(qkv, first, last, 0), part(qkv, first, last, 1),
                                                    part(qkv, first, last, 2), heads);
    for (std::int64_t row = first; row < last; ++row) {
      for (std::int64_t column = 0; column < width; ++column) {
        const double value =
            expected[static_cast<std::size_t>(row - first)][static_cast<std::size_t>(column)];
        worst = std::max(worst, std::abs(value - double{result[row][column].item<float>()}));
      }
    }
  }
  CHECK(worst < tolerance);
  const std::int64_t tokens = batch.offsets().back();
  CHECK(result.narrow(0, tokens, qkv.size(0) - tokens).abs().max().item<float>() == 0.0F);
}

}  // namespace

TEST_CASE("each text attends to itself only, and rows past the last text are zero") {
  const c10::InferenceMode no_gradients;
  at::manual_seed(2);
  check_against_reference(sdpa_per_text, at::randn({40, 3 * width}), batch_of({1, 5, 17, 2, 9}));
}

#ifdef __x86_64__
TEST_CASE("so it is with the kernel for AVX2, whatever part of its blocks a text fills, on several threads") {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
  const c10::InferenceMode no_gradients;
  at::manual_seed(3);
  const packed_batch batch = batch_of({1, 2, 5, 6, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 48, 70});
  for (const int threads : {1, 3}) {
    const intra_op_threads limit(threads);
    check_against_reference(avx2_per_text, at::randn({350, 3 * width}), batch);
    // Some scores are beyond 100 here, where exp would overflow, and rounded to 1e-5.
    check_against_reference(avx2_per_text, at::randn({350, 3 * width}).mul_(6), batch, 3e-4);
  }
}

TEST_CASE("a NaN or an infinity spoils its own text and head only, with the kernel for AVX2") {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
  const c10::InferenceMode no_gradients;
  const packed_batch batch = batch_of({5, 20, 9});
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    for (const std::int64_t column : {std::int64_t{0}, width, 2 * width}) {  // of q, k and v
      const at::Tensor qkv = at::randn({34, 3 * width});
      const at::Tensor good = avx2_per_text(qkv, batch, heads);
      qkv[8][column] = bad;
      const at::Tensor result = avx2_per_text(qkv, batch, heads);
      CHECK_FALSE(result[8].isfinite().all().item<bool>());
      const auto same = [&](std::int64_t first_row, std::int64_t rows, std::int64_t first_column) {
        const auto part = [&](const at::Tensor& all) {
          return all.narrow(0, first_row, rows).narrow(1, first_column, width - first_column);
        };
        return part(result).equal(part(good));
      };
      CHECK(same(0, 5, 0));
      CHECK(same(25, 9, 0));
      CHECK(same(5, 20, width / heads));
    }
}
#endif

TEST_CASE("flash attention is for CUDA only") {
  CHECK_FALSE(has_flash_attention(at::TensorOptions(at::kFloat), 32));
  CHECK_FALSE(has_flash_attention(at::TensorOptions(at::kHalf), 32));
}

TEST_CASE("on the CPU attention goes text by text") {
  for (const auto type : {at::kFloat, at::kBFloat16})
    CHECK(choose_attention(at::TensorOptions(type), 32) == attention_kernel::per_text);
}

TEST_CASE("who computes attention on a GPU has a name of its own") {
  std::set<std::string_view> names;
  for (const auto kernel : {attention_kernel::packed, attention_kernel::flash, attention_kernel::efficient,
                            attention_kernel::per_text})
    names.insert(name_of(kernel));
  CHECK(names.size() == 4);
  CHECK(name_of(attention_kernel::per_text).find("one text after the other") != std::string_view::npos);
}
