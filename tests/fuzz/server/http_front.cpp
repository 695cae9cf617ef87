// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Any bytes are a request that the embedding server understands, or are refused with a sentence; what it
// makes of them does not depend on how they are cut into pieces on their way.
#include "embed_server/api_error.hpp"
#include "embed_server/embed_request.hpp"
#include "embed_server/header_guard.hpp"
#include "embed_server/infer_request.hpp"
#include "embed_server/routes.hpp"
#include "embed_server/score_request.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

using namespace embed_server;

namespace {

// Feeds the parser in pieces of this size, at most; an unparsed rest waits for more, as in a connection's
// buffer.
class feeder {
 public:
  feeder(std::string_view bytes, std::size_t piece) : bytes_(bytes), piece_(piece) {}

  // Returns what was consumed when `done` says so, or the parser's refusal. False: there was too little.
  template <class Done>
  bool feed(request_parser& parser, Done done, std::string& consumed, boost::system::error_code& ec) {
    while (!done()) {
      const std::size_t used = parser.put(boost::asio::buffer(bytes_.data(), arrived_), ec);
      consumed.append(bytes_.substr(0, used));
      bytes_.remove_prefix(used);
      arrived_ -= used;
      if (ec && ec != http::error::need_more) return true;
      ec = {};
      if (done()) return true;
      if (arrived_ == bytes_.size()) return false;
      arrived_ = std::min(arrived_ + piece_, bytes_.size());
    }
    return true;
  }

 private:
  std::string_view bytes_;
  std::size_t piece_;
  std::size_t arrived_ = 0;
};

void check_head(const request_head& head) {
  if (head.path.empty() || (head.path[0] != '/' && head.path != "*")) std::abort();
  if (head.method == http::verb::unknown) std::abort();
  if (head.request_id.find_first_of("\r\n\t <>\"") != std::string::npos) std::abort();
}

constexpr std::size_t max_inputs = 16;

submitted_texts parse(endpoint to, const std::string& body, std::optional<std::size_t> json_size) {
  switch (to) {
    case endpoint::embed:
      return parse_embed(body, max_inputs);
    case endpoint::embed_all:
      return parse_embed_all(body, max_inputs);
    case endpoint::similarity:
      return parse_similarity(body, max_inputs);
    case endpoint::infer:
      return parse_infer(body, json_size, max_inputs, "EMBEDDING");
    case endpoint::rerank:
      return parse_rerank(body, max_inputs);
    case endpoint::predict:
      return parse_predict(body, max_inputs);
    default:
      return parse_openai(body, max_inputs);
  }
}

std::string understand(const request_head& head, const std::string& body) {
  const endpoint to = find_route(head.method, head.path).to;
  check_media_type(head, to);
  if (!runs_model(to)) return head.path;
  const submitted_texts request = parse(to, body, head.json_size);
  if (request.texts.empty() || request.texts.size() > max_inputs) std::abort();
  std::string meaning = request.field;
  for (const auto& text : request.texts) meaning += text.empty() ? (std::abort(), "") : ' ' + text;
  return meaning;
}

// One line: what the request means or why it is refused; empty if it is not complete.
std::string judge(std::string_view bytes, std::size_t piece) {
  feeder input(bytes, piece);
  request_parser parser;
  parser.header_limit(limits{}.header_size);
  parser.body_limit(64 * 1024);
  boost::system::error_code ec;
  std::string raw, rest;
  try {
    if (!input.feed(
            parser, [&] { return parser.is_header_done(); }, raw, ec))
      return "";
    if (ec) return ec.message();
    const request_head head = inspect(parser, raw, limits{});
    check_head(head);
    parser.eager(true);
    if (!input.feed(
            parser, [&] { return parser.is_done(); }, rest, ec))
      return "";
    if (ec) return ec.message();
    return understand(head, parser.get().body());
  } catch (const api_error& error) {
    if (std::string_view(error.what()).empty()) std::abort();
    return error.what();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = judge(bytes, bytes.size());
  for (const std::size_t piece : {1u, 7u})
    if (judge(bytes, piece) != whole) std::abort();
  return 0;
}
