// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "tls.hpp"

#include <boost/asio/ssl/error.hpp>
#include <boost/system/error_code.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace embed_server {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using boost::system::error_code;

void check_readable(const std::string& file) {
  if (std::ifstream(file)) return;
  throw std::runtime_error(file +
                           " cannot be read: " + std::error_code(errno, std::generic_category()).message());
}

void check(const std::string& file, const char* what, const error_code& ec) {
  if (ec) throw std::runtime_error(file + ' ' + what + ": " + ec.message());
}

}  // namespace

std::shared_ptr<ssl::context> load_tls(const std::string& certificate, const std::string& key) {
  check_readable(certificate);
  check_readable(key);
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  error_code ec;
  // Nobody could be asked for a password.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); },
                                 ec);
  context->use_certificate_chain_file(certificate, ec);
  check(certificate, "holds no certificate in PEM that can be used", ec);
  context->use_private_key_file(key, ssl::context::pem, ec);
  // OpenSSL keeps a key of another kind than the certificate's beside that, and without a word.
  if (!ec && SSL_CTX_check_private_key(context->native_handle()) != 1)
    ec.assign(static_cast<int>(ERR_get_error()), asio::error::get_ssl_category());
  check(key, "holds no private key in PEM, without a password, that fits the certificate", ec);
  return context;
}

}  // namespace embed_server
