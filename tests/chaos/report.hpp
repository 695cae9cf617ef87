// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fault_window.hpp"
#include "http_exchange.hpp"

#include <span>
#include <string>

namespace chaos {

/// A table of the faults: how often, and what callers saw whose requests were under way meanwhile or in the
/// aftermath. A request that has met several faults is in the row of each.
std::string table(std::span<const http_exchange> exchanges, std::span<const fault_window> windows);

}  // namespace chaos
