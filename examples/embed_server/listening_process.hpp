// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace embed_server {

/// A process, for people: "process 4711 (nginx)".
std::string describe_process(pid_t id);

/// The process that listens on a TCP port, likewise; empty if none does or this user may not know.
std::string find_listening_process(std::uint16_t port);

}  // namespace embed_server
