// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

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

/// server_options::tcp, once the command line has been read.
bool listens_on_port(const CLI::App& app, const server_options& options);

}  // namespace embed_server
