// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace embed_server {

/// Undoes a Content-Encoding of gzip or deflate (RFC 9110: zlib's format), which it tells apart by itself.
class body_decoder {
 public:
  /// `compressed` must outlive the decoder. More than `limit` bytes are refused however small they come.
  body_decoder(std::string_view compressed, std::uint64_t limit);
  ~body_decoder();
  body_decoder(const body_decoder&) = delete;
  body_decoder& operator=(const body_decoder&) = delete;

  /// Reads at most `size` more bytes, at least 1, and decodes at most as many: there are large bodies of
  /// which nothing comes. False once everything is there. Throws api_error: malformed for a body that is
  /// damaged, ends early or goes on, body_too_large beyond the limit.
  bool decode_some(std::size_t size);

  /// Of what has been decoded so far.
  std::size_t size() const noexcept { return decoded_.size(); }

  /// What has been decoded; the decoder is of no use afterwards.
  std::string release() { return std::move(decoded_); }

 private:
  struct stream;
  std::unique_ptr<stream> stream_;
  std::string_view left_;
  std::string decoded_;
  std::uint64_t limit_;
};

}  // namespace embed_server
