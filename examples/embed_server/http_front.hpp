// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What a command line says about HTTP, for every program that answers it with an embed_service.

#pragma once

#include "embed_service.hpp"
#include "http_settings.hpp"
#include "listener.hpp"
#include "options.hpp"
#include "reload.hpp"
#include "server.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <vector>

namespace embed_server {

http_settings settings_of(const server_options& given);

/// Where to listen, bound but not yet listening. Throws an exception that names the port or file.
std::vector<listener> open_listeners(const asio::any_io_executor& executor, const server_options& given);

/// Tells a new service whom it serves and what it is to tell. `settings` must outlive the service. Throws an
/// exception that names the file with the keys.
void equip(embed_service& service, const server_options& given, const http_settings& settings);

/// What SIGHUP reads again. All arguments but the options must outlive it.
std::vector<reloadable> reloadables(const server_options& given, const http_settings& settings,
                                    embed_service& service, server& http);

}  // namespace embed_server
