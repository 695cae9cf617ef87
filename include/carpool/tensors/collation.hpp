// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// How the tensors of single requests become the inputs of one run.
#pragma once

#include <carpool/tensors/error.hpp>

#include <boost/system/error_code.hpp>

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace carpool::tensors {

/// Makes inputs from tensors: `refusal(tensor)` says what is wrong with one, and a call with those that are
/// right, at least one, returns a tuple of what the model is called with.
template <class T>
concept collation = requires(const T& how, const at::Tensor& one, std::span<const at::Tensor> several) {
  { how.refusal(one) } -> std::same_as<boost::system::error_code>;
  how(several);
};

namespace detail {

/// The tensors that a model takes: element type, device, and the sizes of the last dimensions.
class accepted {
 public:
  /// The device is asked of a tensor, because "cuda" and "cpu:0" are no tensor's device: "cuda:0" and "cpu"
  /// are.
  accepted(std::vector<std::int64_t> sizes, const at::TensorOptions& options)
      : sizes_(std::move(sizes)),
        options_(options.device(at::empty({0}, at::TensorOptions(options.device())).device())) {}

  /// `rows`: there is one more dimension in front, of any size but 0.
  [[nodiscard]] boost::system::error_code refusal(const at::Tensor& tensor, bool rows) const {
    if (!tensor.defined()) return error::no_tensor;
    if (tensor.dtype() != options_.dtype() || tensor.device() != options_.device() ||
        tensor.layout() != options_.layout() || tensor.is_nested())
      return error::wrong_type;
    const std::size_t first = rows ? 1 : 0;
    const at::IntArrayRef sizes = tensor.sizes();
    if (sizes.size() != sizes_.size() + first || sizes.slice(first) != at::IntArrayRef(sizes_))
      return error::wrong_shape;
    if (rows && sizes[0] == 0) return error::no_rows;
    return {};
  }

  /// `leading` and then the sizes, filled with zeros.
  [[nodiscard]] at::Tensor zeros(std::vector<std::int64_t> leading) const {
    leading.insert(leading.end(), sizes_.begin(), sizes_.end());
    return at::zeros(leading, options_);
  }

  [[nodiscard]] const at::TensorOptions& options() const { return options_; }

 private:
  std::vector<std::int64_t> sizes_;
  at::TensorOptions options_;
};

/// What a tensor of rows costs; also asked for tensors that are refused later.
inline double count_rows(const at::Tensor& tensor) {
  return tensor.defined() && tensor.dim() > 0 ? static_cast<double>(tensor.size(0)) : 0;
}

}  // namespace detail

/// Tensors of one shape, side by side: [sizes...] each -> [n, sizes...].
class stack {
 public:
  explicit stack(std::vector<std::int64_t> sizes, const at::TensorOptions& options = at::kFloat)
      : accepted_(std::move(sizes), options) {}

  [[nodiscard]] boost::system::error_code refusal(const at::Tensor& tensor) const {
    return accepted_.refusal(tensor, /*rows=*/false);
  }

  std::tuple<at::Tensor> operator()(std::span<const at::Tensor> tensors) const {
    return {at::stack(at::TensorList(tensors.data(), tensors.size()))};
  }

 private:
  detail::accepted accepted_;
};

/// Tensors of different numbers of rows, padded with zeros to the longest: [rows, sizes...] each ->
/// [n, longest, sizes...], and a mask [n, longest], bool, true where a row is a request's. A request's work
/// is its number of rows; `options::batch_work` should be `padded_work`.
class pad {
 public:
  /// `sizes`: of a row; empty for vectors, such as token ids.
  explicit pad(std::vector<std::int64_t> sizes, const at::TensorOptions& options = at::kFloat)
      : accepted_(std::move(sizes), options) {}

  [[nodiscard]] boost::system::error_code refusal(const at::Tensor& tensor) const {
    return accepted_.refusal(tensor, /*rows=*/true);
  }

  std::tuple<at::Tensor, at::Tensor> operator()(std::span<const at::Tensor> tensors) const {
    std::int64_t longest = 0;
    for (const at::Tensor& tensor : tensors) longest = std::max(longest, tensor.size(0));
    const auto n = static_cast<std::int64_t>(tensors.size());
    at::Tensor values = accepted_.zeros({n, longest});
    at::Tensor mask = at::zeros({n, longest}, accepted_.options().dtype(at::kBool));
    for (std::int64_t i = 0; i < n; ++i) {
      const at::Tensor& tensor = tensors[static_cast<std::size_t>(i)];
      values.select(0, i).narrow(0, 0, tensor.size(0)).copy_(tensor);
      mask.select(0, i).narrow(0, 0, tensor.size(0)).fill_(true);
    }
    return {std::move(values), std::move(mask)};
  }

  [[nodiscard]] double work(const at::Tensor& tensor) const { return detail::count_rows(tensor); }

 private:
  detail::accepted accepted_;
};

/// Tensors of different numbers of rows, one behind the other without padding: [rows, sizes...] each ->
/// [all rows, sizes...], and offsets [n + 1], int64, on the host: the first row of each request, and the end.
/// A request's work is its number of rows.
class concatenate {
 public:
  /// `sizes`: of a row; empty for vectors, such as token ids.
  explicit concatenate(std::vector<std::int64_t> sizes, const at::TensorOptions& options = at::kFloat)
      : accepted_(std::move(sizes), options) {}

  [[nodiscard]] boost::system::error_code refusal(const at::Tensor& tensor) const {
    return accepted_.refusal(tensor, /*rows=*/true);
  }

  std::tuple<at::Tensor, at::Tensor> operator()(std::span<const at::Tensor> tensors) const {
    std::vector<std::int64_t> offsets{0};
    for (const at::Tensor& tensor : tensors) offsets.push_back(offsets.back() + tensor.size(0));
    return {at::cat(at::TensorList(tensors.data(), tensors.size())), at::tensor(offsets)};
  }

  [[nodiscard]] double work(const at::Tensor& tensor) const { return detail::count_rows(tensor); }

 private:
  detail::accepted accepted_;
};

}  // namespace carpool::tensors
