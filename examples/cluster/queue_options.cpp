// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "queue_options.hpp"

#include "embed_server/option_groups.hpp"
#include "shard_registry.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <sys/un.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>

namespace cluster {
namespace {

// An entry must be found, in one and a half of them, while its id is remembered: five minutes after the last
// deadline.
constexpr std::uint32_t longest_lease = 180'000;  // milliseconds

// What is wrong with it; empty if nothing is.
std::string is_queue_name(const std::string& name) {
  if (!name.empty() && name.find_first_of("{}: \t\r\n") == name.npos) return "";
  return "must be a name without braces, colons and spaces";
}

// It may be the name of a service; a number that is too large would become another one.
bool is_port(const std::string& text) {
  if (text.find_first_not_of("0123456789") != text.npos) return true;
  std::uint16_t number = 0;
  const auto failed = std::from_chars(text.data(), text.data() + text.size(), number).ec;
  return failed == std::errc{} && number > 0;
}

void set_address(redis_settings& settings, const std::string& address) {
  constexpr std::string_view unix_prefix = "unix:";
  if (address.starts_with(unix_prefix) && address != unix_prefix) {
    settings.unix_socket = address.substr(unix_prefix.size());
    constexpr std::size_t longest = sizeof sockaddr_un{}.sun_path - 1;
    if (settings.unix_socket.size() > longest)
      throw std::invalid_argument("--redis: " + address + ": the path of a Unix socket has at most " +
                                  std::to_string(longest) + " bytes");
    return;
  }
  const auto colon = address.rfind(':');
  if (colon == address.npos || colon == 0 || !is_port(address.substr(colon + 1)))
    throw std::invalid_argument("--redis: " + address + " is neither HOST:PORT nor unix:PATH");
  settings.host = address.substr(0, colon);
  if (settings.host.starts_with('[') && settings.host.ends_with(']'))  // an IPv6 address
    settings.host = settings.host.substr(1, settings.host.size() - 2);
  settings.port = address.substr(colon + 1);
}

}  // namespace

void add_queue_options(CLI::App& app, queue_options& options) {
  const char* const group = "Its queue";
  app.add_option("--redis", options.redis, "Where Redis is: HOST:PORT or unix:PATH")
      ->envname("CARPOOL_REDIS")
      ->capture_default_str()
      ->type_name("ADDRESS")
      ->group(group);
  auto* const tls = app.add_flag("--redis-tls", options.tls, "Speak TLS with Redis");
  tls->group(group);
  app.add_option("--redis-tls-ca", options.tls_ca,
                 "PEM file with the authorities that may vouch for Redis; else those of the system")
      ->needs(tls)
      ->check(embed_server::not_empty)
      ->type_name("FILE")
      ->group(group);
  app.add_option("--redis-user", options.user, "User of Redis' access control lists")
      ->capture_default_str()
      ->check(embed_server::not_empty)
      ->type_name("NAME")
      ->group(group);
  app.add_option("--redis-password-file", options.password_file,
                 "File whose first line is that user's password; read again when Redis refuses it")
      ->check(embed_server::not_empty)
      ->type_name("FILE")
      ->group(group);
  app.add_option("--queue", options.queue, "Name of the queue: gateways and workers of one model share it")
      ->check(is_queue_name)
      ->capture_default_str()
      ->type_name("NAME")
      ->group(group);
  app.add_option_function<std::uint32_t>(
         "--lease-ms",
         [&](std::uint32_t milliseconds) { options.lease.time = std::chrono::milliseconds{milliseconds}; },
         "Milliseconds of silence after which a worker is taken for dead; the same for all workers. Else "
         "3000")
      ->check(CLI::Range(100U, longest_lease, "100 to 180000"))
      ->group(group);
  app.add_flag("--check", options.check,
               "Look at Redis, say what is wrong with how it is set up, and end; the exit status is 0 if "
               "nothing is")
      ->group(group);
}

void add_gateway_options(CLI::App& app, queue_options& options) {
  const char* const group = "Its queue";
  app.add_option("--max-outstanding", options.max_outstanding,
                 "Texts in a shard of the queue at once, waiting or running, of all gateways; the same for "
                 "all of them")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}, "1 to 1000000"))
      ->capture_default_str()
      ->group(group);
  app.add_option("--tokenizer", options.tokenizer,
                 "Folder of the workers' model, for /tokenize and /decode, which are refused without it; its "
                 "weights need not be there")
      ->check(embed_server::not_empty)
      ->type_name("FOLDER")
      ->group(group);
}

void add_worker_options(CLI::App& app, queue_options& options) {
  app.add_option(
         "--shards", options.shards,
         "Parts of the queue, over which clients are spread: it gets at least so many, which then all "
         "workers read and all gateways use")
      ->check(CLI::Range(std::size_t{1}, most_shards, "1 to " + std::to_string(most_shards)))
      ->capture_default_str()
      ->group("Its queue");
  const char* const group = "What it tells of itself";
  auto* const port =
      app.add_option("--metrics-port", options.metrics_port,
                     "Port for /metrics, /health and /dashboard; 0 takes any free one. Else none")
          ->check(CLI::Range(0, 65535, "0 to 65535"))
          ->group(group);
  app.add_option("--metrics-host", options.metrics_host, "Address to listen on for them")
      ->needs(port)
      ->capture_default_str()
      ->type_name("ADDRESS")
      ->group(group);
}

redis_settings settings_of(const queue_options& given) {
  redis_settings settings;
  set_address(settings, given.redis);
  if (!settings.unix_socket.empty() && given.tls)
    throw std::invalid_argument("--redis-tls: a Unix socket speaks no TLS");
  settings.tls = given.tls;
  settings.tls_ca = given.tls_ca;
  settings.user = given.user;
  settings.password_file = given.password_file;
  settings.password();  // so that a mistake shows now
  return settings;
}

}  // namespace cluster
