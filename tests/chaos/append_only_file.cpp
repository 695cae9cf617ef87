// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "append_only_file.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace chaos {
namespace {

// The number in a line such as "*3" or "$12".
std::size_t read_number(std::ifstream& in, char kind) {
  std::string line;
  if (!std::getline(in, line) || line.size() < 3 || line[0] != kind)
    throw std::runtime_error("the append-only file has a line that is not known: " + line);
  return std::stoul(line.substr(1));
}

std::vector<std::string> read_command(std::ifstream& in) {
  std::vector<std::string> command(read_number(in, '*'));
  for (std::string& word : command) {
    word.resize(read_number(in, '$'));
    in.read(word.data(), static_cast<std::streamsize>(word.size())).ignore(2);
    if (!in || in.eof()) throw std::runtime_error("the append-only file ends within a command");
  }
  return command;
}

}  // namespace

std::filesystem::path append_only_file(const std::filesystem::path& redis_folder) {
  std::filesystem::path found;
  for (const auto& each : std::filesystem::directory_iterator(redis_folder / "appendonlydir")) {
    if (!each.path().string().ends_with(".incr.aof")) continue;
    if (!found.empty()) throw std::runtime_error("Redis has written its append-only file anew");
    found = each.path();
  }
  if (found.empty()) throw std::runtime_error("Redis has no append-only file");
  return found;
}

void read_commands(const std::filesystem::path& file,
                   const std::function<void(const std::vector<std::string>&)>& tell) {
  std::ifstream in{file, std::ios::binary};
  while (in.peek() != std::ifstream::traits_type::eof()) tell(read_command(in));
}

void cut_off(const std::filesystem::path& file, std::uintmax_t most_bytes) {
  std::filesystem::resize_file(file, std::min(most_bytes, std::filesystem::file_size(file)));
  std::ifstream in{file, std::ios::binary};
  std::uintmax_t whole = 0;
  try {
    for (bool inside = false; in.peek() != std::ifstream::traits_type::eof();) {
      const auto command = read_command(in);
      inside = command[0] == "MULTI" || (inside && command[0] != "EXEC");
      if (!inside) whole = static_cast<std::uintmax_t>(in.tellg());
    }
  } catch (const std::runtime_error&) {  // it ends within a command
  }
  std::filesystem::resize_file(file, whole);
}

}  // namespace chaos
