// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fault_window.hpp"
#include "http_exchange.hpp"

#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace chaos {

/// Callers must be answered this long after their deadline at the latest. Long, because the machine may be
/// busy with other things: an answer that is late by less is not judged, only told of in the report.
inline constexpr std::chrono::seconds slack{30};

/// For so long after everything works again a caller may still hear of a fault.
inline constexpr std::chrono::seconds aftermath{3};

/// What is wrong with an answer, in one sentence; empty if it is as promised. These are the promises:
///
/// - Whoever is refused is refused for a reason: 503 because Redis is out of reach of the gateway that was
///   asked, 429 because texts of callers who were let down by some fault are still in the queue, which
///   otherwise has room for all.
/// - 504 comes at the deadline, not before it. A patient caller gets it only if Redis has lost the text.
/// - Everybody is answered, with what belongs to the text, `slack` after the deadline at the latest.
///
/// A reason is a fault, or its aftermath, that was there at the same time; whether the one came of the other
/// is not known. Where faults follow each other closely few requests meet none, and the rule for 429, which
/// any of them justifies, can find little.
std::string what_is_wrong(const http_exchange& exchange, std::span<const fault_window> windows);

/// Whether a fault, or its aftermath, and the exchange were there at the same time.
bool overlap(const http_exchange& exchange, const fault_window& window);

}  // namespace chaos
