// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace chaos {

/// The file in Redis' folder in which it writes down every command that changes something. There is one of
/// them, as long as Redis does not write it anew. Throws std::runtime_error if that is not so.
std::filesystem::path append_only_file(const std::filesystem::path& redis_folder);

/// Calls `tell(command)` for each command in it. Throws std::runtime_error where it cannot be read.
void read_commands(const std::filesystem::path& file,
                   const std::function<void(const std::vector<std::string>&)>& tell);

/// Takes away what is behind so many bytes, and what is left of a transaction then, as redis-check-aof --fix
/// does. Redis 7.0 itself leaves half a transaction in the file, and runs it when it starts the next time.
/// Throws as read_commands.
void cut_off(const std::filesystem::path& file, std::uintmax_t most_bytes);

}  // namespace chaos
