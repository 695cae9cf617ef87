// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "decompress.hpp"

#include "content_coding.hpp"
#include "turns.hpp"

namespace embed_server {

bool is_compressed(const request_head& head) {
  return head.has_body && !head.content_encoding.empty() && head.content_encoding != "identity";
}

boost::asio::awaitable<std::string> decompress(exchange& request, std::string body, const limits& limits) {
  body_decoder decoder{body, limits.body_size};
  turns turn{limits.work_per_turn};
  while (decoder.decode_some(limits.work_per_turn)) {
    if (request.memory) request.memory->grow_to(body.size() + decoder.size());
    co_await turn.spend(limits.work_per_turn);
  }
  co_return decoder.release();
}

}  // namespace embed_server
