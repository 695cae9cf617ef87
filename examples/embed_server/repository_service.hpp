// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Triton's model repository extension of the Open Inference Protocol:
// https://docs.nvidia.com/deeplearning/triton-inference-server (protocol/extension_model_repository).

#pragma once

#include "http.hpp"
#include "model_repository.hpp"
#include "routes.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace embed_server {

/// The folder that a request to load a model names, in the parameter `config`: `{"parameters": {"config":
/// "{\"folder\": \"...\"}"}}`, where Triton's clients put a model's configuration. Empty: it names none.
/// Throws api_error.
std::optional<std::string> parse_load(std::string_view body);

/// Whether a request for the index wants only models that are ready: `{"ready": true}`. Throws api_error.
bool parse_index(std::string_view body);

/// The answer to a request for the index, to load or to unload a model. Throws api_error. The repository must
/// outlive the operation.
boost::asio::awaitable<response> answer_repository(model_repository& models, destination where,
                                                   std::string body);

}  // namespace embed_server
