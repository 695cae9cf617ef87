// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "content_coding.hpp"

#include "api_error.hpp"

#include <zlib.h>

#include <new>
#include <utility>

namespace embed_server {
namespace {

[[noreturn]] void refuse_body(const std::string& why) {
  throw api_error{problem::malformed, "the compressed body " + why};
}

/// What gzip writes may be several files of it, one behind the other (RFC 1952).
bool begins_member(std::string_view compressed) { return compressed.starts_with("\x1f\x8b"); }

}  // namespace

struct body_decoder::stream {
  stream() {
    constexpr int largest_window = 15, detect_gzip_and_zlib = 32;
    if (inflateInit2(&state, largest_window + detect_gzip_and_zlib) != Z_OK) throw std::bad_alloc();
  }
  ~stream() { inflateEnd(&state); }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  z_stream state{};
};

body_decoder::body_decoder(std::string_view compressed, std::uint64_t limit)
    : stream_(std::make_unique<stream>()), left_(compressed), limit_(limit) {}

body_decoder::~body_decoder() = default;

bool body_decoder::decode_some(std::size_t size) {
  z_stream& state = stream_->state;
  const std::size_t before = decoded_.size();
  decoded_.resize(before + size);
  state.next_out = reinterpret_cast<Bytef*>(decoded_.data() + before);
  state.avail_out = static_cast<uInt>(size);
  const std::string_view piece = left_.substr(0, size);
  // zlib takes a pointer to non-const for historical reasons, and does not write there.
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  state.avail_in = static_cast<uInt>(piece.size());

  const std::string_view from_here = left_;
  int result = Z_OK;
  do {
    result = inflate(&state, Z_NO_FLUSH);
    left_ = from_here.substr(piece.size() - state.avail_in);
  } while (result == Z_STREAM_END && begins_member(left_) && inflateReset(&state) == Z_OK &&
           state.avail_in > 0);
  decoded_.resize(decoded_.size() - state.avail_out);

  if (decoded_.size() > limit_)
    throw api_error{problem::body_too_large,
                    "the body is larger than " + std::to_string(limit_) + " bytes once it is decompressed"};
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  if (result == Z_STREAM_END) {
    if (!left_.empty() && !begins_member(left_)) refuse_body("goes on behind its end");
    return !left_.empty();
  }
  if (left_.empty() && state.avail_out > 0 && (result == Z_OK || result == Z_BUF_ERROR))
    refuse_body("ends too early");
  if (result != Z_OK) refuse_body("is damaged");
  return true;
}

}  // namespace embed_server
