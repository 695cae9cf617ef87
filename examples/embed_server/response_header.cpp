// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "response_header.hpp"

#include "random_id.hpp"
#include "routes.hpp"

#include <fmt/chrono.h>
#include <fmt/compile.h>

namespace embed_server {

void complete_header(response& answer, const request_head& head, bool keep_alive) {
  answer.set(http::field::date, http_date(std::chrono::system_clock::now()));
  answer.set(http::field::cache_control, "no-store");
  answer.set("x-request-id", head.request_id.empty() ? random_id(16) : head.request_id);
  if (head.method == http::verb::options || answer.result() == http::status::method_not_allowed)
    answer.set(http::field::allow, allowed_methods(head.path));
  answer.keep_alive(keep_alive);
  answer.prepare_payload();
  if (head.method == http::verb::head) answer.body().clear();
}

std::string header_text(const response& answer) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.result_int()) + ' ';
  text.append(answer.reason()).append("\r\n");
  for (const auto& field : answer)
    text.append(field.name_string()).append(": ").append(field.value()).append("\r\n");
  return text.append("\r\n");
}

std::string http_date(std::chrono::system_clock::time_point time) {
  return fmt::format(FMT_COMPILE("{:%a, %d %b %Y %H:%M:%S} GMT"),
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace embed_server
