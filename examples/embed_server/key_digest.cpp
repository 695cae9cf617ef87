// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "key_digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <new>

namespace embed_server {

key_digest digest_of(std::string_view key) {
  key_digest digest;
  if (EVP_Digest(key.data(), key.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc();
  return digest;
}

bool equal(const key_digest& a, const key_digest& b) noexcept {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace embed_server
