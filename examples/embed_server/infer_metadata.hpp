// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What the Open Inference Protocol and Triton's extensions to it let clients ask about a server and its
// models, as JSON. https://docs.nvidia.com/deeplearning/triton-inference-server (protocol/extension_*). Some
// clients end if a field is missing, so all are there.

#pragma once

#include "hosted_model.hpp"

#include <memory>
#include <span>
#include <string>

namespace embed_server {

/// Name, version and extensions of the server.
std::string server_metadata();

/// Inputs and outputs of the model.
std::string model_metadata(const served_model& model);

/// How the model is batched.
std::string model_configuration(const served_model& model);

/// What the models have done so far.
std::string statistics_of(std::span<const std::shared_ptr<hosted_model>> models);

}  // namespace embed_server
