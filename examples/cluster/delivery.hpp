// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <string>

namespace cluster {

/// An entry of the queue, as a worker gets it.
struct delivery {
  std::string entry = {};     ///< what the queue calls it
  std::string id = {};        ///< what its gateway calls it: the same text twice has two
  std::string reply_to = {};  ///< where its gateway looks for the reply
  std::string payload = {};   ///< a text_request, or what somebody took for one
  std::uint64_t times = 1;    ///< deliveries so far, with this one
};

/// An entry that was delivered, and of which nothing has been heard for too long.
struct abandoned_entry {
  std::string entry;
  std::uint64_t times = 1;  ///< deliveries so far
};

}  // namespace cluster
