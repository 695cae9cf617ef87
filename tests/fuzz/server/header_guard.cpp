// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Whatever header Beast's parser takes, the guard turns it into a snapshot that is safe to use, or refuses it
// with a sentence.
#include "embed_server/header_guard.hpp"

#include "understood.hpp"

#include <boost/asio/buffer.hpp>

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace embed_server;

namespace {

bool is_printable(std::string_view text) {
  for (const char c : text)
    if (c < 0x21 || c > 0x7e) return false;
  return true;
}

void check(const request_head& head, const limits& limits) {
  if (head.method == http::verb::unknown) std::abort();
  if (head.path != "*" && !head.path.starts_with('/')) std::abort();
  if (!is_printable(head.path) || head.path.find('?') != head.path.npos) std::abort();
  if (!is_printable(head.request_id) || head.request_id.size() > 128) std::abort();
  if (head.json_size && *head.json_size > limits.body_size) std::abort();
  for (const char c : head.content_type + head.content_encoding)
    if (std::isupper(static_cast<unsigned char>(c)) != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  const limits limits;
  request_parser parser;
  parser.header_limit(limits.header_size);
  boost::system::error_code ec;
  const std::size_t used = parser.put(boost::asio::buffer(raw.data(), raw.size()), ec);
  if (ec || !parser.is_header_done()) return 0;
  if (const auto head = understood([&] { return inspect(parser, raw.substr(0, used), limits); }))
    check(*head, limits);
  return 0;
}
