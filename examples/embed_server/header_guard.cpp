// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "header_guard.hpp"

#include "api_error.hpp"
#include "routes.hpp"
#include <carpool/bert/utf8.hpp>

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace embed_server {
namespace {

using header = http::request_header<>;

constexpr const char* request_timeout_header = "x-request-timeout-ms";
constexpr const char* key_header = "x-api-key";
constexpr const char* inference_header = "Inference-Header-Content-Length";

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), to_lower);
  return result;
}

[[noreturn]] void refuse(const std::string& message) { throw api_error{problem::malformed, message}; }

// Beast keeps fields of the same name together.
void check_singles(const header& fields) {
  constexpr std::string_view singles[] = {"Authorization", "Content-Type",         "Content-Encoding",
                                          "Expect",        request_timeout_header, inference_header,
                                          key_header};
  const auto same_name = [](const auto& one, const auto& next) {
    return one.name() == next.name() && boost::beast::iequals(one.name_string(), next.name_string());
  };
  for (auto at = fields.begin(); (at = std::adjacent_find(at, fields.end(), same_name)) != fields.end(); ++at)
    for (const std::string_view single : singles)
      if (boost::beast::iequals(at->name_string(), single))
        refuse(std::string(single) + " is given more than once");
}

void check_fields(const header& fields, std::string_view raw, const limits& limits) {
  if (raw.find("\r\n ") != raw.npos || raw.find("\r\n\t") != raw.npos) refuse("a header line is folded");
  const auto count = static_cast<std::size_t>(std::distance(fields.begin(), fields.end()));
  if (count > limits.header_fields) {
    throw api_error{problem::header_too_large,
                    "more than " + std::to_string(limits.header_fields) + " header fields"};
  }
  check_singles(fields);
}

void check_host(const header& request) {
  const auto count = request.count(http::field::host);
  if (count > 1) refuse("Host is given more than once");
  if (count == 0) {
    if (request.version() == 10) return;
    refuse("HTTP/1.1 needs a Host header");
  }
  const std::string_view host = request[http::field::host];
  constexpr std::string_view others = "-._~%:[]!$&'()*+,;=";
  const auto allowed = [&](char c) { return is_alphanumeric(c) || others.find(c) != others.npos; };
  if (host.empty() || !std::ranges::all_of(host, allowed)) refuse("Host is not valid");
}

// A transfer coding that is not undone here would leave its body in the stream, to be taken for the next
// request.
void check_transfer_encoding(const header& request) {
  const auto count = request.count(http::field::transfer_encoding);
  if (count == 0) return;
  if (request.version() == 10) refuse("HTTP/1.0 has no Transfer-Encoding");
  if (count > 1 || lower_case(request[http::field::transfer_encoding]) != "chunked")
    throw api_error{problem::not_implemented, "the only Transfer-Encoding understood is: chunked"};
}

bool check_body(const request_parser& parser) {
  const header& request = parser.get();
  const bool chunked = request.count(http::field::transfer_encoding) > 0;
  const auto length = parser.content_length();
  const bool may_have_body = request.method() == http::verb::post || request.method() == http::verb::put ||
                             request.method() == http::verb::patch;
  if (request.method() == http::verb::post && !chunked && !length)
    throw api_error{problem::length_required, "a POST needs Content-Length or Transfer-Encoding: chunked"};
  const bool has_body = chunked || length.value_or(0) > 0;
  if (has_body && !may_have_body) refuse(std::string(request.method_string()) + " takes no body");
  return has_body;
}

bool hexadecimal(char c) { return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); }

// Answers and logs repeat names that a target holds.
void check_target_characters(std::string_view target) {
  if (!std::ranges::all_of(target, [](char c) { return c >= 0x21 && c <= 0x7e; }))
    refuse("the request target holds a character outside printable ASCII");
  for (auto at = target.find('%'); at != target.npos; at = target.find('%', at + 1)) {
    const auto digits = target.substr(at + 1, 2);
    if (digits.size() < 2 || !std::ranges::all_of(digits, hexadecimal))
      refuse("the request target holds a bad percent-encoding");
  }
  const std::string meant = percent_decoded(target);
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
  if (carpool::bert::find_invalid_utf8(meant) != meant.size() || std::ranges::any_of(meant, is_control))
    refuse("the request target must be UTF-8 without control characters, once it is percent-decoded");
}

// Path, unless that is empty and means "/", and query of an origin-form target, or of an absolute-form one
// that names the host the request is for anyway.
std::string_view path_and_query_of(const header& request) {
  std::string_view target = request.target();
  check_target_characters(target);
  if (target == "*" && request.method() == http::verb::options) return target;
  constexpr std::string_view scheme = "http://";
  const std::string_view host = request[http::field::host];
  if (lower_case(target.substr(0, scheme.size())) == scheme && !host.empty() &&
      lower_case(target.substr(scheme.size(), host.size())) == lower_case(host)) {
    target.remove_prefix(scheme.size() + host.size());
    if (target.empty() || target.starts_with('?')) return target;
  }
  if (!target.starts_with('/')) refuse("the request target must be a path of this server");
  return target;
}

void set_target(request_head& head, const header& request) {
  const auto target = path_and_query_of(request);
  const auto mark = target.find('?');
  head.path = mark == 0 || target.empty() ? "/" : target.substr(0, mark);
  if (mark != target.npos) head.query = target.substr(mark + 1);
}

bool check_expectation(const header& request) {
  if (request.count(http::field::expect) == 0) return false;
  if (lower_case(request[http::field::expect]) != "100-continue")
    throw api_error{problem::expectation_failed, "the only Expect understood is: 100-continue"};
  return request.version() == 11;
}

std::optional<std::uint64_t> number_in(const header& request, const char* name, std::uint64_t most) {
  const auto field = request.find(name);
  if (field == request.end()) return std::nullopt;
  const std::string_view text = field->value();
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size() || number > most)
    refuse(std::string(name) + " must be a whole number from 0 to " + std::to_string(most));
  return number;
}

std::optional<std::chrono::milliseconds> time_limit_of(const header& request) {
  constexpr std::uint64_t one_day = 86'400'000;
  const auto milliseconds = number_in(request, request_timeout_header, one_day);
  if (!milliseconds) return std::nullopt;
  return std::chrono::milliseconds{*milliseconds};
}

// Only what cannot do harm in a header or a log line.
std::string request_id_of(const header& request) {
  const std::string_view id = request["x-request-id"];
  constexpr std::size_t longest = 128;
  const bool fit = id.size() <= longest && std::ranges::all_of(id, [](char c) {
                     return is_alphanumeric(c) || c == '-' || c == '_' || c == '.' || c == ':';
                   });
  return fit ? std::string(id) : std::string();
}

// Some clients leave "Bearer " out. What belongs to another scheme, such as "Basic ...", is for somebody in
// front of the server.
std::optional<key_digest> key_of(const header& request) {
  std::string_view key = request[http::field::authorization];
  constexpr std::string_view scheme = "bearer ";
  if (lower_case(key.substr(0, scheme.size())) == scheme)
    key.remove_prefix(std::min(key.find_first_not_of(' ', scheme.size()), key.size()));
  else if (key.find(' ') != key.npos)
    key = {};
  if (key.empty()) key = request[key_header];
  if (key.empty()) return std::nullopt;
  return digest_of(key);
}

// What the standard says of a header that is there twice: as if it were not there.
std::optional<trace_parent> caller_of(const header& request) {
  constexpr const char* name = "traceparent";
  return request.count(name) == 1 ? parse_traceparent(request[name]) : std::nullopt;
}

// Who asks, in terms that cannot be wrong.
void identify(request_head& head, const header& request) {
  head.method = request.method();
  head.request_id = request_id_of(request);
  head.caller = caller_of(request);
  head.origin = request[http::field::origin];
  head.variant = request["x-carpool-variant"];
  head.is_preflight = request.method() == http::verb::options &&
                      request.count(http::field::access_control_request_method) > 0;
}

std::string media_type(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ') || content_type.ends_with('\t')) content_type.remove_suffix(1);
  return lower_case(content_type);
}

}  // namespace

request_head inspect(const request_parser& parser, std::string_view raw, const limits& limits) {
  const header& request = parser.get();
  check_fields(request, raw, limits);
  check_host(request);
  check_transfer_encoding(request);
  if (request.method() == http::verb::unknown)
    throw api_error{problem::not_implemented, "unknown method; methods are in upper case"};
  request_head head;
  identify(head, request);
  set_target(head, request);
  head.has_body = check_body(parser);
  head.expects_continue = check_expectation(request);
  head.content_type = media_type(request[http::field::content_type]);
  head.content_encoding = lower_case(request[http::field::content_encoding]);
  head.key = key_of(request);
  head.time_limit = time_limit_of(request);
  head.json_size = number_in(request, inference_header, limits.body_size);
  head.keep_alive = parser.keep_alive();
  head.version = request.version();
  return head;
}

void forget_key(request_parser& parser) {
  parser.get().erase(http::field::authorization);
  parser.get().erase(key_header);
}

request_head describe_refused(const request_parser& parser) {
  request_head head;
  identify(head, parser.get());
  try {
    set_target(head, parser.get());
  } catch (const api_error&) {
    // It stays empty.
  }
  return head;
}

}  // namespace embed_server
