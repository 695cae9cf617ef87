// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "text_request.hpp"

#include "bytes.hpp"
#include "wire_version.hpp"

namespace cluster {
namespace {

constexpr std::uint8_t truncate_flag = 1, token_vectors_flag = 2, all_flags = 3;

std::uint8_t flags_of(const text_request& request) {
  return static_cast<std::uint8_t>((request.truncate ? truncate_flag : 0) |
                                   (request.token_vectors ? token_vectors_flag : 0));
}

}  // namespace

std::string encode(const text_request& request) {
  byte_writer out;
  out.number(wire_version);
  out.number(flags_of(request));
  out.number(request.priority);
  out.number(request.key);
  out.number(static_cast<std::int64_t>(request.deadline.time_since_epoch().count()));
  out.text<std::uint8_t>(request.traceparent);
  out.text<std::uint32_t>(request.text);
  return out.release();
}

text_request parse_text_request(std::string_view payload) {
  byte_reader in{payload};
  check_version(in);
  text_request request;
  const auto flags = in.number<std::uint8_t>();
  if ((flags & ~all_flags) != 0) throw wire_error{wire_fault::malformed, "the payload has unknown flags"};
  request.truncate = (flags & truncate_flag) != 0;
  request.token_vectors = (flags & token_vectors_flag) != 0;
  request.priority = in.number<std::int8_t>();
  request.key = in.number<std::uint64_t>();
  request.deadline = wall_time{std::chrono::milliseconds{in.number<std::int64_t>()}};
  request.traceparent = in.text<std::uint8_t>();
  request.text = in.text<std::uint32_t>();
  in.expect_end();
  return request;
}

}  // namespace cluster
