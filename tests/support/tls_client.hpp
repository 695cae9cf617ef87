// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "http_client.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace carpool::test {

/// An http_client over TLS, which trusts anybody.
class tls_client : public http_client {
 public:
  /// Throws std::runtime_error if no session comes about. `newest` is the newest version that it speaks.
  explicit tls_client(std::uint16_t port, int newest = TLS1_3_VERSION)
      : http_client(port),
        context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
        session_(nullptr, &SSL_free) {
    SSL_CTX_set_security_level(context_.get(), 0);  // old versions are for the server to refuse
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), newest);
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), descriptor());
    if (SSL_connect(session_.get()) != 1) throw std::runtime_error("no TLS session");
  }

  /// Such as "TLSv1.3".
  std::string version() const { return SSL_get_version(session_.get()); }

  /// The name in the server's certificate.
  std::string server_name() const {
    const std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get1_peer_certificate(session_.get()),
                                                            &X509_free);
    char name[256] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name, sizeof name);
    return name;
  }

  /// Ends the session in good order, and the connection with it.
  void say_goodbye() {
    SSL_shutdown(session_.get());
    close();
  }

 private:
  ssize_t write_some(std::string_view bytes) override {
    return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  ssize_t read_some(char* bytes, std::size_t size) override {
    return SSL_read(session_.get(), bytes, static_cast<int>(size));
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
};

}  // namespace carpool::test
