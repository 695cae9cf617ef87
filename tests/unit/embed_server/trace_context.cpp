// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/trace_context.hpp"

#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"

#include <string>

using namespace embed_server;
using namespace carpool::test;

namespace {

const std::string trace = "0af7651916cd43dd8448eb211c80319c", parent = "b7ad6b7169203331";

bool valid(const std::string& value) { return parse_traceparent(value).has_value(); }

}  // namespace

TEST_CASE("a traceparent names trace, span and whether they are sampled") {
  const auto found = parse_traceparent("00-" + trace + '-' + parent + "-01");
  REQUIRE(found);
  CHECK(found->trace_id == trace);
  CHECK(found->parent_id == parent);
  CHECK(found->sampled);
  CHECK_FALSE(parse_traceparent("00-" + trace + '-' + parent + "-00")->sampled);
}

TEST_CASE("flags that are not known are ignored") {
  CHECK(parse_traceparent("00-" + trace + '-' + parent + "-ff")->sampled);
  CHECK_FALSE(parse_traceparent("00-" + trace + '-' + parent + "-fe")->sampled);
}

TEST_CASE("H22: what the standard calls invalid is ignored") {
  CHECK_FALSE(valid(""));
  CHECK_FALSE(valid("00"));
  CHECK_FALSE(valid("ff-" + trace + '-' + parent + "-01"));                          // forbidden version
  CHECK_FALSE(valid("0-" + trace + '-' + parent + "-01"));                           // version too short
  CHECK_FALSE(valid("0x-" + trace + '-' + parent + "-01"));                          // no hexadecimal digit
  CHECK_FALSE(valid("00-" + std::string(32, '0') + '-' + parent + "-01"));           // no trace
  CHECK_FALSE(valid("00-" + trace + '-' + std::string(16, '0') + "-01"));            // no span
  CHECK_FALSE(valid("00-0AF7651916CD43DD8448EB211C80319C-" + parent + "-01"));       // upper case
  CHECK_FALSE(valid("00-" + trace + "-B7AD6B7169203331-01"));                        // upper case
  CHECK_FALSE(valid("00-" + trace + '-' + parent + "-0A"));                          // upper case
  CHECK_FALSE(valid("00-" + trace.substr(1) + '-' + parent + "-01"));                // trace too short
  CHECK_FALSE(valid("00-" + trace + "0-" + parent + "-01"));                         // trace too long
  CHECK_FALSE(valid("00-" + trace + '-' + parent.substr(1) + "-01"));                // span too short
  CHECK_FALSE(valid("00-" + trace + '-' + parent + "-1"));                           // flags too short
  CHECK_FALSE(valid("00-" + trace + '-' + parent + "-.1"));                          // no hexadecimal digit
  CHECK_FALSE(valid("00_" + trace + '_' + parent + "_01"));                          // other separators
  CHECK_FALSE(valid("00-" + trace + '-' + parent + "-01 "));                         // more behind it
  CHECK_FALSE(valid("00-" + trace + '-' + parent + "-01-what-the-future-will-be"));  // not in version 00
  CHECK_FALSE(valid("01-" + trace + '-' + parent + "-01.what-the-future-will-be"));  // not after a dash
}

TEST_CASE("later versions are understood as far as this one goes") {
  CHECK(valid("cc-" + trace + '-' + parent + "-01"));
  CHECK(valid("cc-" + trace + '-' + parent + "-01-what-the-future-will-be"));
}

TEST_CASE("a span of its own is begun in the caller's trace, or in a new one") {
  const auto first = begin_span(parse_traceparent("00-" + trace + '-' + parent + "-01"));
  CHECK(first.trace_id == trace);
  CHECK(first.parent_id == parent);
  CHECK(first.span_id.size() == 16);
  CHECK(first.span_id != parent);
  CHECK(to_traceparent(first) == "00-" + trace + '-' + first.span_id + "-01");
  const auto second = begin_span({}), third = begin_span({});
  CHECK(second.parent_id.empty());
  CHECK(second.trace_id != third.trace_id);
  CHECK(valid(to_traceparent(second)));
}

TEST_CASE("every answer names the request's span, in the caller's trace if that was told once") {
  test_server server;
  http_client client(server.port());
  const auto header = "traceparent: 00-" + trace + '-' + parent + "-01\r\n";
  const auto ask = [&](const std::string& fields) {
    return client.ask(post_json("/embed", R"({"text":"hi"})", fields)).field("traceparent");
  };
  CHECK(ask(header).starts_with("00-" + trace + '-'));
  CHECK(ask(header) != ask(header));
  CHECK(valid(ask("")));
  CHECK_FALSE(ask(header + header).starts_with("00-" + trace));
  CHECK(client.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n" + header + "\r\n")
            .field("traceparent")
            .starts_with("00-" + trace));
}
