// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "embed_server/embedding_engine.hpp"
#include "text_runner.hpp"

namespace cluster {

/// Has the engine embed each text, as a job of its own: its queue makes batches of them. The engine must
/// outlive what is returned and what that has begun.
text_runner run_on(embed_server::embedding_engine& engine);

}  // namespace cluster
