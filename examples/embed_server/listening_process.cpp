// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "listening_process.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

namespace embed_server {
namespace {

namespace fs = std::filesystem;

// The inode of the socket that listens on the port, from one of the kernel's tables (proc(5), /proc/net/tcp).
std::optional<std::string> find_socket(const char* table, std::uint16_t port) {
  std::ifstream rows(table);
  std::string row;
  std::getline(rows, row);  // headings
  while (std::getline(rows, row)) {
    std::istringstream fields(row);
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >>
        inode;
    const std::string_view digits = std::string_view(local).substr(local.find(':') + 1);
    std::uint16_t found = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), found, 16);
    constexpr const char* listening = "0A";
    if (found == port && state == listening) return inode;
  }
  return std::nullopt;
}

bool has_open(const fs::path& process, const std::string& target) {
  std::error_code refused;
  for (const auto& file : fs::directory_iterator(process / "fd", refused))
    if (fs::read_symlink(file, refused) == target) return true;
  return false;
}

}  // namespace

std::string describe_process(pid_t id) {
  std::ifstream file("/proc/" + std::to_string(id) + "/comm");
  std::string name;
  std::getline(file, name);
  return "process " + std::to_string(id) + (name.empty() ? "" : " (" + name + ')');
}

std::string find_listening_process(std::uint16_t port) {
  auto inode = find_socket("/proc/net/tcp", port);
  if (!inode) inode = find_socket("/proc/net/tcp6", port);
  if (!inode) return "";
  std::error_code refused;
  for (const auto& entry : fs::directory_iterator("/proc", refused)) {
    const std::string name = entry.path().filename();
    pid_t id = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), id).ec != std::errc{}) continue;
    if (has_open(entry.path(), "socket:[" + *inode + ']')) return describe_process(id);
  }
  return "";
}

}  // namespace embed_server
