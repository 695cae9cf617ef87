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
    : stream_(std::make_unique<stream>()), limit_(limit) {
  // zlib takes a pointer to non-const for historical reasons, and does not write there.
  stream_->state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream_->state.avail_in = static_cast<uInt>(compressed.size());
}

body_decoder::~body_decoder() = default;

bool body_decoder::decode_some(std::size_t size) {
  z_stream& state = stream_->state;
  const std::size_t before = decoded_.size();
  decoded_.resize(before + size);
  state.next_out = reinterpret_cast<Bytef*>(decoded_.data() + before);
  state.avail_out = static_cast<uInt>(size);
  const int result = inflate(&state, Z_NO_FLUSH);
  decoded_.resize(decoded_.size() - state.avail_out);
  if (decoded_.size() > limit_)
    throw api_error{problem::body_too_large,
                    "the body is larger than " + std::to_string(limit_) + " bytes once it is decompressed"};
  if (result == Z_STREAM_END) {
    if (state.avail_in > 0) refuse_body("goes on behind its end");
    return false;
  }
  if (result == Z_MEM_ERROR) throw std::bad_alloc();
  if (result == Z_BUF_ERROR || (result == Z_OK && state.avail_in == 0 && state.avail_out > 0))
    refuse_body("ends too early");
  if (result != Z_OK) refuse_body("is damaged");
  return true;
}

}  // namespace embed_server
