// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/content_coding.hpp"

#include "compress.hpp"
#include "embed_server/api_error.hpp"
#include "support/doctest.hpp"

#include <string>

using namespace embed_server;
using carpool::test::coding;
using carpool::test::compress;

namespace {

std::string decode(const std::string& body, std::size_t at_once = 7, std::uint64_t limit = 1000) {
  body_decoder decoder{body, limit};
  while (decoder.decode_some(at_once)) {
  }
  return decoder.release();
}

problem refusal(const std::string& body) {
  try {
    decode(body);
  } catch (const api_error& error) {
    return error.kind();
  }
  FAIL("was not refused");
  return {};
}

}  // namespace

TEST_CASE("bodies come back from gzip and deflate, in pieces of any size") {
  const std::string text = "share the ride, share the ride, share the ride";
  for (const auto with : {coding::gzip, coding::deflate})
    for (const std::size_t at_once : {1U, 7U, 46U, 1000U})
      CHECK(decode(compress(text, with), at_once) == text);
  CHECK(decode(compress("", coding::gzip)) == "");
}

TEST_CASE("H6: a small body that becomes a large one is refused at the limit") {
  const std::string bomb = compress(std::string(1'000'000, 'a'), coding::gzip);
  CHECK(bomb.size() < 2000);
  CHECK(refusal(bomb) == problem::body_too_large);
  CHECK(decode(compress(std::string(1000, 'a'), coding::gzip)).size() == 1000);
  CHECK(refusal(compress(std::string(1001, 'a'), coding::gzip)) == problem::body_too_large);
}

TEST_CASE("a body of gzip may have several members") {
  const std::string share = compress("share ", coding::gzip), nothing = compress("", coding::gzip),
                    ride = compress("the ride", coding::gzip);
  for (const std::size_t at_once : {1U, 7U, 20U, 1000U})
    CHECK(decode(share + nothing + nothing + ride, at_once) == "share the ride");
  CHECK(refusal(share + ride.substr(0, 1)) == problem::malformed);
  CHECK(refusal(share + ride.substr(0, 2)) == problem::malformed);
  CHECK(refusal(share + ride + "x") == problem::malformed);
}

TEST_CASE("a body of which nothing comes is read in pieces, too") {
  std::string empty_blocks = "\x78\x9c";  // zlib's header; then blocks that are stored and have no bytes
  for (int block = 0; block < 1000; ++block) empty_blocks += std::string("\0\0\0\xff\xff", 5);
  empty_blocks += std::string("\3\0\0\0\0\1", 6);  // a last block without bytes, and the check sum
  body_decoder decoder{empty_blocks, 1000};
  int calls = 1;
  while (decoder.decode_some(100)) ++calls;
  CHECK(calls == 51);
  CHECK(decoder.release().empty());
}

TEST_CASE("a damaged, short or prolonged body is refused") {
  const std::string good = compress("share the ride", coding::gzip);
  CHECK(refusal("") == problem::malformed);
  CHECK(refusal("not compressed") == problem::malformed);
  CHECK(refusal(good.substr(0, good.size() - 1)) == problem::malformed);
  CHECK(refusal(good + "x") == problem::malformed);
  std::string flipped = good;
  flipped[good.size() - 6] = static_cast<char>(flipped[good.size() - 6] ^ 1);  // in its check sum
  CHECK(refusal(flipped) == problem::malformed);
}
