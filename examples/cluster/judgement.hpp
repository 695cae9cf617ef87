// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "delivery.hpp"
#include "text_reply.hpp"
#include "text_request.hpp"

#include <cstdint>

namespace cluster {

/// What is to be done with a delivery.
struct judgement {
  enum class action {
    run,     ///< the model answers it
    finish,  ///< nobody needs it any more: reply with the failure
    reject,  ///< it can never be run: keep it for people to look at, and reply with the failure
  };

  action what = action::run;
  text_request request = {};  ///< to run
  text_failure failure = {};  ///< otherwise
};

/// `worth_trying` is what worker_desk::begin said of it.
judgement judge(const delivery& received, bool worth_trying, wall_time now);

}  // namespace cluster
