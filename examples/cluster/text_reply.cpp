// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "text_reply.hpp"

#include "bytes.hpp"
#include "wire_version.hpp"

#include <cstring>
#include <limits>

namespace cluster {
namespace {

enum class kind : std::uint8_t { result = 0, failure = 1 };

void write(byte_writer& out, const text_result& result) {
  out.number(static_cast<std::uint8_t>(kind::result));
  out.number(result.tokens);
  out.number(static_cast<std::uint32_t>(result.values.size()));
  out.raw(result.values.data(), result.values.size() * sizeof(float));
}

void write(byte_writer& out, const text_failure& failure) {
  out.number(static_cast<std::uint8_t>(kind::failure));
  out.number(static_cast<std::uint8_t>(failure.code));
  out.text<std::uint16_t>(
      std::string_view{failure.message}.substr(0, std::numeric_limits<std::uint16_t>::max()));
}

text_result read_result(byte_reader& in) {
  text_result result;
  result.tokens = in.number<std::uint32_t>();
  const std::size_t size = in.number<std::uint32_t>();
  const auto bytes = in.take(size * sizeof(float));  // so nothing is allocated for what is not there
  result.values.resize(size);
  if (size > 0) std::memcpy(result.values.data(), bytes.data(), bytes.size());
  return result;
}

text_failure read_failure(byte_reader& in) {
  const auto code = static_cast<failure_code>(in.number<std::uint8_t>());
  if (code < failure_code::too_long || code > failure_code::poisonous)
    throw wire_error{wire_fault::malformed, "the reply has an unknown error code"};
  return {code, std::string(in.text<std::uint16_t>())};
}

text_reply read_kind(byte_reader& in) {
  switch (static_cast<kind>(in.number<std::uint8_t>())) {
    case kind::result:
      return read_result(in);
    case kind::failure:
      return read_failure(in);
  }
  throw wire_error{wire_fault::malformed, "the reply is neither result nor error"};
}

}  // namespace

std::string encode(const text_reply& reply) {
  byte_writer out;
  out.number(wire_version);
  std::visit([&](const auto& each) { write(out, each); }, reply);
  return out.release();
}

text_reply parse_text_reply(std::string_view payload) {
  byte_reader in{payload};
  check_version(in);
  text_reply reply = read_kind(in);
  in.expect_end();
  return reply;
}

}  // namespace cluster
