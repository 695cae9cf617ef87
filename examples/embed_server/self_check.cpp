// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "self_check.hpp"

#include "access_log.hpp"
#include "api_keys.hpp"
#include "cors.hpp"
#include "file_limit.hpp"
#include "limits.hpp"
#include "listener.hpp"
#include "tls.hpp"

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/resource.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace embed_server {
namespace {

// The value of the first line that begins with this name, in a file such as /proc/meminfo; empty without one.
std::string field_of(const char* file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(':');
    if (!line.starts_with(name) || colon == line.npos) continue;
    const auto value = line.find_first_not_of(" \t", colon + 1);
    return value == line.npos ? "" : line.substr(value);
  }
  return "";
}

std::string describe_cpu(std::size_t usable) {
  const std::string model = field_of("/proc/cpuinfo", "model name");
  const std::size_t cores = std::thread::hardware_concurrency();
  std::string text = fmt::format("{}, {} cores", model.empty() ? "of an unknown model" : model, cores);
  if (usable < cores) text += fmt::format(", of which this process may keep {} busy", usable);
  const std::string flags = ' ' + field_of("/proc/cpuinfo", "flags") + ' ';
  for (const auto& [flag, name] : {std::pair{"avx2", "AVX2"}, {"avx512f", "AVX-512"}, {"amx_tile", "AMX"}})
    text += (flags.find(fmt::format(" {} ", flag)) != flags.npos ? ", " : ", no ") + std::string(name);
  return text;
}

std::uint64_t bytes_of(const std::string& kilobytes) {
  std::uint64_t number = 0;
  std::istringstream(kilobytes) >> number;
  return number * 1024;
}

std::string gibibytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1 << 30));
}

std::string describe_memory(std::uint64_t limit) {
  const std::uint64_t all = bytes_of(field_of("/proc/meminfo", "MemTotal"));
  std::string text = fmt::format("{}, of which {} are available", gibibytes(all),
                                 gibibytes(bytes_of(field_of("/proc/meminfo", "MemAvailable"))));
  if (limit < all) text += fmt::format("; this process's control group may have {}", gibibytes(limit));
  return text;
}

std::string describe_files() {
  const std::size_t wanted = limits{}.connections;
  const auto found = find_file_limit(wanted);
  if (found.files < fewest_files)
    throw std::runtime_error(fmt::format(
        "this process may have {} files open, which is too few: {} connections take {} (ulimit -n)",
        found.files, wanted, wanted + files_besides_connections));
  return fmt::format("{} may be open, so {} of at most {} connections", found.files, found.connections,
                     wanted);
}

std::string describe_locked_memory() {
  rlimit memory{};
  ::getrlimit(RLIMIT_MEMLOCK, &memory);
  if (memory.rlim_cur == RLIM_INFINITY) return "without limit";
  return fmt::format("up to {} KiB", memory.rlim_cur / 1024);
}

std::string try_access_log(const std::string& file) {
  if (file == "-") return "goes to standard output";
  const bool was_there = std::filesystem::exists(file);
  access_log{file};
  if (!was_there) std::filesystem::remove(std::filesystem::canonical(file));  // not the link, if it is one
  return file + " can be written";
}

std::string try_tls(const std::string& certificate, const std::string& key) {
  const auto context = load_tls(certificate, key);
  const X509* const shown = SSL_CTX_get0_certificate(context->native_handle());
  if (X509_cmp_current_time(X509_get0_notAfter(shown)) < 0)
    throw std::runtime_error(certificate + " has expired: clients will not accept it");
  return fmt::format("{} and {} fit", certificate, key);
}

std::string try_keys(const std::string& file) {
  return fmt::format("{} has {} keys", file, api_keys::read(file).ids().size());
}

std::string try_origins(const std::vector<std::string>& origins) {
  const cors_policy policy{origins};
  return fmt::format("{} origins", origins.size());
}

}  // namespace

void check_machine(check_report& report, std::size_t usable_cores, std::uint64_t memory_limit) {
  report.look("CPU", [&] { return describe_cpu(usable_cores); });
  report.look("memory", [&] { return describe_memory(memory_limit); });
  report.look("files", describe_files);
  report.look("locked memory", describe_locked_memory);
}

void check_surroundings(check_report& report, const server_options& given) {
  asio::io_context io{1};
  if (given.tcp)
    report.look("port",
                [&] { return open_tcp(io.get_executor(), given.host, given.port).address() + " is free"; });
  if (!given.unix_socket.empty())
    report.look("Unix socket",
                [&] { return open_unix(io.get_executor(), given.unix_socket).address() + " is free"; });
  if (!given.tls_certificate.empty())
    report.look("TLS", [&] { return try_tls(given.tls_certificate, given.tls_key); });
  if (!given.cors_origins.empty()) report.look("CORS", [&] { return try_origins(given.cors_origins); });
  if (!given.api_keys.empty()) report.look("keys", [&] { return try_keys(given.api_keys); });
  if (!given.access_log.empty()) report.look("access log", [&] { return try_access_log(given.access_log); });
}

}  // namespace embed_server
