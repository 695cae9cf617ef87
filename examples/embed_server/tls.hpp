// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace embed_server {

/// What a server needs to speak TLS 1.2 and 1.3: a certificate, with those that vouch for it behind it, and
/// its private key, both in PEM. Throws std::runtime_error with a sentence that names file and cause.
std::shared_ptr<boost::asio::ssl::context> load_tls(const std::string& certificate, const std::string& key);

}  // namespace embed_server
