// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Requests for inference in the Open Inference Protocol, version 2, with Triton's extension for binary
// tensors: https://github.com/kserve/open-inference-protocol and
// https://docs.nvidia.com/deeplearning/triton-inference-server (protocol/extension_binary_data). A model has
// one input, TEXT (BYTES, a text per row), and one output, EMBEDDING (FP32, a vector per row) or, if it is a
// classifier, SCORES (FP32, a score for each label per row).

#pragma once

#include "served_model.hpp"
#include "submitted_texts.hpp"
#include <carpool/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace embed_server {

inline constexpr const char* input_name = "TEXT";

/// The name of the output: EMBEDDING or SCORES.
std::string output_of(const served_model& model);

/// Levels of priority: 1 is served first, requests that name none are in the middle.
inline constexpr int priority_levels = 3, default_priority = 2;

/// The body of a request for inference, understood and checked as far as possible without the model.
struct infer_request : submitted_texts {
  std::string id;              ///< to be echoed; empty if there is none
  std::string output;          ///< its name
  bool binary_output = false;  ///< the output as bytes behind the JSON, not in it
  std::optional<carpool::duration> time_limit;
  std::int8_t priority = 0;  ///< as carpool::submit_options::priority
};

/// Reads a body whose first `json_size` bytes are JSON, all of it if that is empty. With a size of 0 there is
/// no JSON, and the body is one text. `output` is the name of the only output. Throws api_error.
infer_request parse_infer(std::string_view body, std::optional<std::size_t> json_size, std::size_t max_inputs,
                          std::string output);

}  // namespace embed_server
