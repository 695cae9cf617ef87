// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "response_header.hpp"

#include "random_id.hpp"
#include "routes.hpp"

#include <fmt/chrono.h>
#include <fmt/compile.h>

#include <ctime>

namespace embed_server {
namespace {

// Every answer of a second has the same, which takes longer to write than to keep.
const std::string& current_date() {
  thread_local std::time_t second = -1;
  thread_local std::string date;
  const auto now = std::chrono::system_clock::now();
  if (const auto this_second = std::chrono::system_clock::to_time_t(now); this_second != second) {
    date = http_date(now);
    second = this_second;
  }
  return date;
}

}  // namespace

void complete_header(response& answer, const request_head& head, bool keep_alive) {
  answer.set(http::field::date, current_date());
  answer.set(http::field::cache_control, "no-store");
  answer.set("x-request-id", head.request_id.empty() ? random_id(16) : head.request_id);
  if (head.method == http::verb::options || answer.result() == http::status::method_not_allowed)
    answer.set(http::field::allow, allowed_methods(head.path));
  answer.keep_alive(keep_alive);
  if (keep_alive && head.version == 10)  // whose clients wait for the end of the connection otherwise
    answer.set(http::field::connection, "keep-alive");
  answer.prepare_payload();
  if (head.method == http::verb::head) answer.body().clear();
}

std::string header_text(const response& answer) {
  constexpr std::size_t usual_size = 512;
  std::string text;
  text.reserve(usual_size);
  text.append("HTTP/1.1 ").append(std::to_string(answer.result_int())).append(" ");
  text.append(answer.reason()).append("\r\n");
  for (const auto& field : answer)
    text.append(field.name_string()).append(": ").append(field.value()).append("\r\n");
  text.append("\r\n");
  return text;
}

std::string http_date(std::chrono::system_clock::time_point time) {
  return fmt::format(FMT_COMPILE("{:%a, %d %b %Y %H:%M:%S} GMT"),
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace embed_server
