// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace carpool::test {

/// A certificate that vouches for itself, and its key, in PEM.
struct certificate {
  std::string chain;
  std::string key;
};

namespace detail {

template <class Write>
std::string pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  write(out.get());
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace detail

/// Valid for an hour, or for so many seconds, for a server of this name. `password` encrypts the key.
inline certificate make_certificate(const std::string& name, const char* password = nullptr,
                                    long seconds = 3600) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), &X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds);
  X509_set_pubkey(made.get(), key.get());
  X509_NAME* const subject = X509_get_subject_name(made.get());
  const auto* const text = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  X509_sign(made.get(), key.get(), EVP_sha256());
  const EVP_CIPHER* const cipher = password != nullptr ? EVP_aes_128_cbc() : nullptr;
  return {detail::pem([&](BIO* out) { PEM_write_bio_X509(out, made.get()); }), detail::pem([&](BIO* out) {
            PEM_write_bio_PKCS8PrivateKey(
                out, key.get(), cipher, password,
                password != nullptr ? static_cast<int>(std::string(password).size()) : 0, nullptr, nullptr);
          })};
}

/// A key in PEM of another kind than those of make_certificate, which are of P-256.
inline std::string make_ed25519_key() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
  return detail::pem([&](BIO* out) {
    PEM_write_bio_PKCS8PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

}  // namespace carpool::test
