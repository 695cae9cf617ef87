// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "read_request.hpp"

#include "api_error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace embed_server {
namespace {

using boost::system::error_code;

// What the parser's refusal means.
api_error from_parser_error(const error_code& ec, bool request_line_complete) {
  if (ec == http::error::body_limit) return {problem::body_too_large, "the body is too large"};
  if (ec == http::error::header_limit) {
    return request_line_complete ? api_error{problem::header_too_large, "the header is too large"}
                                 : api_error{problem::target_too_long, "the request target is too long"};
  }
  return {problem::malformed, "not a valid HTTP/1.1 request: " + ec.message()};
}

}  // namespace

// Reads by hand rather than with async_read_header, because the guard needs the raw header.
asio::awaitable<request_head> read_head(client_stream& stream, request_parser& parser, const limits& limits) {
  parser.header_limit(limits.header_size);
  parser.body_limit(limits.body_size);
  stream.expires_after(limits.header_time);
  std::string raw;
  for (;;) {
    error_code ec;
    const std::size_t used = parser.put(stream.input().data(), ec);
    raw.append(static_cast<const char*>(stream.input().data().data()), used);
    stream.input().consume(used);
    if (ec && ec != http::error::need_more) throw from_parser_error(ec, raw.find("\r\n") != raw.npos);
    if (parser.is_header_done()) {
      request_head head = inspect(parser, raw, limits);
      forget_key(parser);
      co_return head;
    }
    if (co_await stream.read_more() == 0) throw boost::system::system_error(http::error::partial_message);
  }
}

asio::awaitable<void> read_body(client_stream& stream, request_parser& parser, const request_head& head,
                                const limits& limits, memory_share& memory) {
  if (parser.is_done()) co_return;
  std::size_t chunks = 0;
  auto count_chunk = [&](std::uint64_t, boost::beast::string_view, error_code& ec) {
    if (++chunks > limits.body_chunks) ec = http::error::bad_chunk;
  };
  parser.on_chunk_header(count_chunk);
  stream.expires_after(limits.body_time);
  if (head.expects_continue) {
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(stream, asio::buffer(go_on), asio::use_awaitable);
  }
  parser.eager(true);
  for (;;) {
    error_code ec;
    if (stream.input().size() > 0) stream.input().consume(parser.put(stream.input().data(), ec));
    if (ec && ec != http::error::need_more) throw from_parser_error(ec, /*request_line_complete=*/true);
    memory.grow_to(parser.get().body().size());
    if (parser.is_done()) co_return;
    // What the parser leaves has to come to an end before it means anything, and is searched for that again.
    if (stream.input().size() > limits.header_size)
      throw api_error{problem::header_too_large, "a chunk extension or the trailer is too large"};
    if (co_await stream.read_more() == 0) throw boost::system::system_error(http::error::partial_message);
  }
}

}  // namespace embed_server
