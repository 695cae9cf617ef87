// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include "support/doctest.hpp"
#include <carpool/tensors/collation.hpp>

#include <ATen/ops/_nested_tensor_from_tensor_list.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <tuple>
#include <vector>

using namespace carpool::tensors;

namespace {

at::Tensor integers(std::vector<std::int64_t> values) { return at::tensor(values); }

}  // namespace

TEST_CASE("stack lays tensors of one shape side by side") {
  const stack how{{2, 3}};
  const std::vector<at::Tensor> tensors{at::full({2, 3}, 1.0F), at::full({2, 3}, 2.0F)};
  const auto [values] = how(tensors);
  CHECK(values.sizes() == at::IntArrayRef{2, 2, 3});
  CHECK(at::equal(values.select(0, 1), tensors[1]));
}

TEST_CASE("pad brings rows to the longest request, and its mask says which are a request's") {
  const pad how{{}, at::kLong};
  const auto [values, mask] = how(std::vector<at::Tensor>{integers({5, 6, 7}), integers({8})});
  CHECK(at::equal(values, integers({5, 6, 7, 8, 0, 0}).view({2, 3})));
  CHECK(at::equal(mask, integers({1, 1, 1, 1, 0, 0}).view({2, 3}).to(at::kBool)));
}

TEST_CASE("pad and concatenate take rows of any shape") {
  const std::vector<at::Tensor> tensors{at::ones({2, 4, 5}), at::full({3, 4, 5}, 2.0F)};
  const auto [padded, mask] = pad{{4, 5}}(tensors);
  CHECK(padded.sizes() == at::IntArrayRef{2, 3, 4, 5});
  CHECK(padded.sum().item<double>() == 2 * 20 + 2 * 3 * 20);
  CHECK(mask.sum().item<int>() == 5);
  const auto [rows, offsets] = concatenate{{4, 5}}(tensors);
  CHECK(rows.sizes() == at::IntArrayRef{5, 4, 5});
  CHECK(at::equal(offsets, integers({0, 2, 5})));
  CHECK(at::equal(rows.narrow(0, 2, 3), tensors[1]));
}

TEST_CASE(
    "a tensor of another shape, type or device, an empty and an undefined one are refused, each for its "
    "reason") {
  const stack one{{2, 3}};
  CHECK_FALSE(one.refusal(at::ones({2, 3})));
  CHECK(one.refusal(at::Tensor{}) == error::no_tensor);
  CHECK(one.refusal(at::ones({2, 3}, at::kDouble)) == error::wrong_type);
  CHECK(one.refusal(at::ones({2, 3}, at::TensorOptions(at::kMeta).dtype(at::kFloat))) == error::wrong_type);
  CHECK(one.refusal(at::ones({2, 3}).to_sparse()) == error::wrong_type);
  CHECK(one.refusal(at::_nested_tensor_from_tensor_list({at::ones({3}), at::ones({3})})) ==
        error::wrong_type);
  CHECK(one.refusal(at::ones({3, 2})) == error::wrong_shape);
  CHECK(one.refusal(at::ones({1, 2, 3})) == error::wrong_shape);
  CHECK(one.refusal(at::ones({})) == error::wrong_shape);
  CHECK(stack{{}}.refusal(at::ones({1})) == error::wrong_shape);
  CHECK_FALSE(stack{{}}.refusal(at::ones({})));
  const auto refuses_rows = [](const auto& rows) {
    CHECK_FALSE(rows.refusal(at::ones({7, 3})));
    CHECK(rows.refusal(at::ones({7, 4})) == error::wrong_shape);
    CHECK(rows.refusal(at::ones({3})) == error::wrong_shape);
    CHECK(rows.refusal(at::ones({})) == error::wrong_shape);
    CHECK(rows.refusal(at::ones({0, 3})) == error::no_rows);
    CHECK(rows.refusal(at::Tensor{}) == error::no_tensor);
  };
  refuses_rows(pad{{3}});
  refuses_rows(concatenate{{3}});
}

TEST_CASE("a device is the one that libtorch takes it for, however it is written") {
  const c10::Device numbered(c10::kCPU, 0);  // tensors there say "cpu", as those of "cuda" say "cuda:0"
  CHECK_FALSE(stack{{3}, numbered}.refusal(at::ones({3})));
  CHECK_FALSE(pad{{3}, numbered}.refusal(at::ones({7, 3})));
}

TEST_CASE("the work of a tensor is its rows, and that of one which will be refused no fault") {
  CHECK(pad{{3}}.work(at::ones({7, 3})) == 7);
  CHECK(concatenate{{3}}.work(at::ones({7, 3})) == 7);
  CHECK(pad{{3}}.work(at::Tensor{}) == 0);
  CHECK(concatenate{{}}.work(at::ones({})) == 0);
}

TEST_CASE("each error is a sentence") {
  for (const error value : {error::no_tensor, error::wrong_type, error::wrong_shape, error::no_rows})
    CHECK(make_error_code(value).message().find("tensor") != std::string::npos);
  CHECK(make_error_code(error::wrong_shape).message() ==
        "the tensor's shape is not the one that the model takes");
  CHECK(make_error_code(static_cast<error>(99)).message() == "unknown carpool.tensors error 99");
}
