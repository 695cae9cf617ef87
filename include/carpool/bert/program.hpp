// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>

namespace carpool::bert {

/// A whole model, from padded token ids to embeddings, that runs instead of carpool's own encoder: exported
/// from Python (`program_file`), or a class derived from this one for any other engine. All lanes of an
/// embedder share one.
class program {
 public:
  /// `name` is for people, such as the path of its file.
  explicit program(std::string name) : name_(std::move(name)) {}
  program(const program&) = delete;
  program& operator=(const program&) = delete;
  virtual ~program() = default;

  const std::string& name() const { return name_; }

  /// ids and mask [texts, longest], int64, on the device the program was loaded for; mask is 1 for a token
  /// and 0 for the padding behind it -> the embeddings [texts, dimension], of any floating-point type,
  /// pooled and normalised. Both sizes change from call to call. Called by several lanes at once, on the
  /// current CUDA stream of each.
  virtual at::Tensor operator()(const at::Tensor& ids, const at::Tensor& mask) = 0;

 private:
  std::string name_;
};

}  // namespace carpool::bert
