// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "check_report.hpp"
#include "options.hpp"

namespace embed_server {

/// Looks at libtorch, its devices and the model: each of its files by itself, so that one fault does not hide
/// another, and if they are all good whether the model runs.
void check_model(check_report& report, const server_options& given);

}  // namespace embed_server
