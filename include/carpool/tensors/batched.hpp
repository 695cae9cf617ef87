// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Any tensor model behind a DynamicBatcher. Needs libtorch, and is part of the CMake target carpool::bert.
#pragma once

#include <carpool/tensors/collation.hpp>
#include <carpool/tensors/error.hpp>
#include <carpool/tensors/run_model.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace carpool::tensors {

/// A functor set for tensors, one per request and one back:
///
///     carpool::DynamicBatcher<at::Tensor, at::Tensor> batcher{
///         options, tensors::batched{tensors::pad{{}, at::kLong}, classify}};
///
/// `classify` is called with what the collation makes of the requests, without gradients, and returns a
/// tensor whose first dimension is the requests; each gets its part, [1, ...] without the 1. All parts share
/// one block of memory, and are inference tensors: `clone()` one to change it in place, or to use it where
/// gradients are recorded. A tensor that the collation refuses fails its own request with a `tensors::error`.
///
/// A batcher with several lanes copies the set for each: then the model must be callable by several threads
/// at once, if its copies share anything that a call changes. Each lane's operations run on as many threads
/// as libtorch takes for any, which is all cores; an object of `bert::intra_op_threads` in the model bounds
/// them.
template <collation Collation, class Model>
class batched {
 public:
  batched(Collation how, Model run) : collation_(std::move(how)), model_(std::move(run)) {}

  /// The inputs of one run. A tensor that was refused takes no part in it.
  struct batch {
    decltype(std::declval<const Collation&>()(std::span<const at::Tensor>{})) inputs;
    std::size_t accepted = 0;
    /// One per request; no error means the next of the accepted ones.
    std::vector<boost::system::error_code> refusals;
  };

  /// What came out, one per accepted tensor.
  struct outputs {
    std::vector<at::Tensor> rows;
    std::vector<boost::system::error_code> refusals;
  };

  batch collate(std::span<const at::Tensor> requests) const {
    batch result;
    std::vector<at::Tensor> accepted;
    for (const at::Tensor& request : requests) {
      result.refusals.push_back(collation_.refusal(request));
      if (!result.refusals.back()) accepted.push_back(request);
    }
    result.accepted = accepted.size();
    if (!accepted.empty()) result.inputs = run_model([&] { return collation_(accepted); });
    return result;
  }

  outputs model(batch given) {
    outputs result{.rows = {}, .refusals = std::move(given.refusals)};
    if (given.accepted > 0) {
      result.rows = run_model([&] {
        auto inputs = given.inputs;  // may be wanted again
        return rows(std::apply(model_, std::move(inputs)), given.accepted);
      });
    }
    return result;
  }

  std::vector<boost::system::result<at::Tensor>> split(outputs result, std::size_t) const {
    std::vector<boost::system::result<at::Tensor>> items;
    items.reserve(result.refusals.size());
    auto next = result.rows.begin();
    for (const boost::system::error_code& refusal : result.refusals) {
      if (refusal)
        items.emplace_back(refusal);
      else
        items.emplace_back(std::move(*next++));
    }
    return items;
  }

  /// What a request costs, where the collation says so.
  double work(const at::Tensor& request) const requires requires(const Collation& how) { how.work(request); }
  { return collation_.work(request); }

 private:
  /// Throws `std::runtime_error` unless the first dimension is n.
  static std::vector<at::Tensor> rows(const at::Tensor& outputs, std::size_t n) {
    if (outputs.defined() && outputs.dim() > 0 && outputs.size(0) == static_cast<std::int64_t>(n))
      return outputs.unbind(0);
    std::ostringstream sentence;
    sentence << "the model returned ";
    if (outputs.defined())
      sentence << "a tensor of the shape " << outputs.sizes();
    else
      sentence << "no tensor";
    sentence << " for " << n << " requests; its first dimension must be the requests";
    throw std::runtime_error(sentence.str());
  }

  Collation collation_;
  Model model_;
};

}  // namespace carpool::tensors
