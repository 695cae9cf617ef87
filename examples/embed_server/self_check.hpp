// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "check_report.hpp"
#include "options.hpp"

#include <cstddef>
#include <cstdint>

namespace embed_server {

/// Looks at the machine: CPU, memory, and what this process may use of it: so many cores, and so many bytes
/// of memory if that is less than there are.
void check_machine(check_report& report, std::size_t usable_cores, std::uint64_t memory_limit);

/// Looks at all that the server needs besides its model, by doing what it does at its start: where it
/// listens, certificate, keys, access log. Leaves everything as it was, but a socket file that
/// nobody listens on is removed.
void check_surroundings(check_report& report, const server_options& given);

}  // namespace embed_server
