// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "api_error.hpp"

#include <carpool/bert/error.hpp>
#include <carpool/error.hpp>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace embed_server {
namespace {

namespace json = boost::json;

struct error_row {
  problem what;
  unsigned openai_status;
  const char* openai_type;
  const char* openai_code;  // null where OpenAI has none
  unsigned tei_status;
  const char* tei_type;
  unsigned open_inference_status;

  unsigned status(api_family family) const {
    switch (family) {
      case api_family::openai:
        return openai_status;
      case api_family::tei:
        return tei_status;
      case api_family::open_inference:
        break;
    }
    return open_inference_status;
  }
};

// The one error table, in the order of `problem`. TEI knows only the error types named here.
constexpr const char* bad_request = "invalid_request_error";
constexpr const char* rate_limit = "rate_limit_error";
constexpr const char* our_fault = "server_error";
constexpr error_row error_rows[] = {
    {problem::malformed, 400, bad_request, nullptr, 400, "Validation", 400},
    {problem::invalid, 400, bad_request, nullptr, 422, "Validation", 400},
    {problem::empty_input, 400, bad_request, nullptr, 400, "Empty", 400},
    {problem::unauthorized, 401, bad_request, "invalid_api_key", 401, "Validation", 401},
    {problem::forbidden, 403, bad_request, "insufficient_permissions", 403, "Validation", 403},
    {problem::not_found, 404, bad_request, "unknown_url", 404, "Validation", 404},
    {problem::unknown_model, 404, bad_request, "model_not_found", 404, "Validation", 404},
    {problem::method_not_allowed, 405, bad_request, "method_not_supported", 405, "Validation", 405},
    {problem::conflict, 409, bad_request, nullptr, 409, "Validation", 409},
    {problem::length_required, 411, bad_request, nullptr, 411, "Validation", 411},
    {problem::body_too_large, 413, bad_request, nullptr, 413, "Validation", 413},
    {problem::target_too_long, 414, bad_request, nullptr, 414, "Validation", 414},
    {problem::unsupported_media_type, 415, bad_request, nullptr, 415, "Validation", 415},
    {problem::expectation_failed, 417, bad_request, nullptr, 417, "Validation", 417},
    {problem::header_too_large, 431, bad_request, nullptr, 431, "Validation", 431},
    {problem::overloaded, 429, rate_limit, "rate_limit_exceeded", 429, "Overloaded", 503},
    {problem::rate_limited, 429, rate_limit, "rate_limit_exceeded", 429, "Overloaded", 429},
    {problem::model_failed, 500, our_fault, nullptr, 424, "Backend", 500},
    {problem::unsuitable_model, 400, bad_request, nullptr, 424, "Backend", 400},
    {problem::not_implemented, 501, our_fault, nullptr, 501, "Validation", 501},
    {problem::unavailable, 503, our_fault, nullptr, 503, "Unhealthy", 503},
    {problem::expired, 504, our_fault, nullptr, 504, "Overloaded", 503},
};

constexpr bool error_rows_in_order() {
  for (std::size_t i = 0; i < std::size(error_rows); ++i)
    if (error_rows[i].what != static_cast<problem>(i)) return false;
  return std::size(error_rows) == static_cast<std::size_t>(problem::expired) + 1;
}
static_assert(error_rows_in_order(), "one row for each problem, in its order");

json::value or_null(std::string_view text) { return text.empty() ? json::value(nullptr) : json::value(text); }

json::value openai_body(const api_error& error, const error_row& row) {
  return {{"error",
           {{"message", error.what()},
            {"type", row.openai_type},
            {"param", or_null(error.param())},
            {"code", or_null(row.openai_code != nullptr ? row.openai_code : "")}}}};
}

json::value tei_body(const api_error& error, const error_row& row) {
  return {{"error", error.what()}, {"error_type", row.tei_type}};
}

json::value body(const api_error& error, const error_row& row, api_family family) {
  switch (family) {
    case api_family::openai:
      return openai_body(error, row);
    case api_family::tei:
      return tei_body(error, row);
    case api_family::open_inference:
      break;
  }
  return {{"error", error.what()}};
}

// OpenAI's clients look at retry-after-ms first, everybody else at Retry-After.
void ask_to_retry(response& answer, std::chrono::milliseconds time) {
  answer.set(http::field::retry_after, std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()));
  answer.set("retry-after-ms", std::to_string(time.count()));
}

bool passes_by_itself(problem what) {
  return what == problem::overloaded || what == problem::rate_limited || what == problem::unavailable;
}

}  // namespace

api_error from_error_code(const boost::system::error_code& code) {
  using bert_error = carpool::bert::error;
  if (code == carpool::error::queue_full) return {problem::overloaded, "the queue is full, retry in 1 s"};
  if (code == carpool::error::expired)
    return {problem::expired, "the deadline passed before the result was there"};
  if (code == carpool::error::shut_down) return {problem::unavailable, "the server is shutting down"};
  if (code == bert_error::empty_text) return {problem::empty_input, code.message()};
  if (code == carpool::error::device_lost || code == carpool::error::out_of_memory)
    return {problem::unavailable, code.message()};
  if (code == bert_error::text_too_long || code == bert_error::invalid_utf8 ||
      code == bert_error::pairs_unsupported || code == bert_error::unknown_token)
    return {problem::invalid, code.message()};
  if (code == carpool::error::model_failed) return {problem::model_failed, code.message()};
  return {problem::model_failed, "the model failed: " + code.message()};
}

unsigned status_of(problem what, api_family family) {
  return error_rows[static_cast<std::size_t>(what)].status(family);
}

response render(const api_error& error, api_family family) {
  const error_row& row = error_rows[static_cast<std::size_t>(error.kind())];
  const auto status = static_cast<http::status>(row.status(family));
  response answer = make_response(status, json::serialize(body(error, row, family)));
  if (passes_by_itself(error.kind())) ask_to_retry(answer, error.retry_after());
  if (error.kind() == problem::unauthorized) answer.set(http::field::www_authenticate, "Bearer");
  return answer;
}

}  // namespace embed_server
