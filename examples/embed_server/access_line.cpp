// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "access_line.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>

namespace embed_server {
namespace {

using boost::json::object;

std::string iso_date(std::chrono::system_clock::time_point time) {
  const auto milliseconds =
      std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(time)),
                     milliseconds);
}

std::int64_t microseconds(carpool::duration time) {
  return std::chrono::round<std::chrono::microseconds>(time).count();
}

void add_text(object& line, const char* name, std::string_view text) {
  if (!text.empty()) line[name] = text;
}

void add_time(object& line, const char* name, const std::optional<carpool::duration>& time) {
  if (time) line[name] = microseconds(*time);
}

}  // namespace

std::string access_line(const exchange& request, const access_outcome& outcome, carpool::time_point now) {
  object line;
  line["time"] = iso_date(request.date);
  add_text(line, "request_id", outcome.request_id);
  add_text(line, "address", outcome.address);
  add_text(line, "client", request.client.name);
  add_text(line, "method", to_string(request.head.method));
  add_text(line, "path", request.head.path);
  line["status"] = outcome.status;
  add_text(line, "model", request.model_name);
  add_text(line, "variant", request.variant);
  if (request.texts > 0) line["texts"] = request.texts;
  if (request.tokens > 0) line["tokens"] = request.tokens;
  line["bytes_received"] = request.body_size;
  line["bytes_sent"] = outcome.sent;
  line["duration_us"] = microseconds(now - request.begin);
  add_time(line, "preparation_us", request.preparation);
  add_time(line, "model_us", request.model);
  add_text(line, "trace_id", request.span.trace_id);
  add_text(line, "span_id", request.span.span_id);
  add_text(line, "parent_id", request.span.parent_id);
  return boost::json::serialize(line);
}

}  // namespace embed_server
