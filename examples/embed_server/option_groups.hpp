// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <string>

namespace CLI {
class App;
}

namespace embed_server {

struct server_options;

/// All options of embed_server, in groups, as --help prints them.
void add_server_options(CLI::App& app, server_options& options);

// Parts of them, for programs that are not the whole server.

/// The model, its devices and how it batches.
void add_model_options(CLI::App& app, server_options& options);

/// Where to listen, who may ask for how much, and what is told. The port is listened on unless only a Unix
/// socket was asked for: see listens_on_port.
void add_http_options(CLI::App& app, server_options& options);

/// Only how much is logged, for programs without add_http_options.
void add_log_level(CLI::App& app, server_options& options);

/// A check of options: what is wrong with the text; empty if nothing is. An empty name, such as that of a
/// variable which is not set, would do without what was asked for.
std::string not_empty(const std::string& text);

/// server_options::tcp, once the command line has been read. Throws std::invalid_argument for a certificate
/// that nobody would be shown.
bool listens_on_port(const CLI::App& app, const server_options& options);

}  // namespace embed_server
