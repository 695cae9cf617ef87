// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "http_front.hpp"

#include "access_log.hpp"
#include "api_keys.hpp"
#include "cors.hpp"
#include "tls.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace embed_server {
namespace {

metrics_compat compat_of(const server_options& given) {
  const auto asked = [&](const char* whose) { return std::ranges::count(given.metrics_compat, whose) > 0; };
  return {.tei = asked("tei"), .triton = asked("triton")};
}

}  // namespace

http_settings settings_of(const server_options& given) {
  http_settings settings{.limits = {.rates = given.rates}, .cors = cors_policy{given.cors_origins}};
  if (!given.access_log.empty()) settings.log = std::make_shared<access_log>(given.access_log);
  return settings;
}

std::vector<listener> open_listeners(const asio::any_io_executor& executor, const server_options& given) {
  std::vector<listener> listeners;
  if (given.tcp) listeners.push_back(open_tcp(executor, given.host, given.port));
  if (!given.unix_socket.empty()) listeners.push_back(open_unix(executor, given.unix_socket));
  return listeners;
}

void equip(embed_service& service, const server_options& given, const http_settings& settings) {
  if (settings.log) service.facts().watch(*settings.log);
  service.facts().set_metrics_compat(compat_of(given));
  if (!given.api_keys.empty()) service.set_keys(api_keys::read(given.api_keys));
}

std::vector<reloadable> reloadables(const server_options& given, const http_settings& settings,
                                    embed_service& service, server& http) {
  std::vector<reloadable> all;
  if (!given.api_keys.empty())
    all.push_back({"the keys", [&service, file = given.api_keys] {
                     service.set_keys(api_keys::read(file));
                     spdlog::info("read the keys in {} again", file);
                   }});
  if (!given.tls_certificate.empty())
    all.push_back({"certificate and key", [&http, certificate = given.tls_certificate, key = given.tls_key] {
                     http.set_tls(load_tls(certificate, key));
                     spdlog::info("read the certificate in {} again", certificate);
                   }});
  if (settings.log) all.push_back({"the access log", [log = settings.log] { log->reopen(); }});
  return all;
}

}  // namespace embed_server
