// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/api_error.hpp"

#include "support/doctest.hpp"
#include <carpool/bert/error.hpp>
#include <carpool/error.hpp>

#include <boost/asio/error.hpp>

using namespace embed_server;

TEST_CASE("an error to an OpenAI client is nested and names type, param and code") {
  const auto answer =
      render(api_error{problem::empty_input, "input[1] must not be empty", "input"}, api_family::openai);
  CHECK(answer.result_int() == 400);
  CHECK(answer[http::field::content_type] == "application/json");
  CHECK(
      answer.body() ==
      R"({"error":{"message":"input[1] must not be empty","type":"invalid_request_error","param":"input","code":null}})");
}

TEST_CASE("an error to a TEI client is flat and names its type") {
  const auto answer =
      render(api_error{problem::invalid, "batch size 4096 > maximum allowed batch size 2048", "inputs"},
             api_family::tei);
  CHECK(answer.result_int() == 422);
  CHECK(answer.body() ==
        R"({"error":"batch size 4096 > maximum allowed batch size 2048","error_type":"Validation"})");
}

TEST_CASE("an error to a client of the Open Inference Protocol is a single field") {
  const auto answer = render(api_error{problem::invalid, "no"}, api_family::open_inference);
  CHECK(answer.result_int() == 400);
  CHECK(answer.body() == R"({"error":"no"})");
}

TEST_CASE("an overloaded server tells every family when to come back") {
  const api_error error{problem::overloaded, "the queue is full, retry in 1 s"};
  for (const auto family : {api_family::openai, api_family::tei, api_family::open_inference}) {
    const auto answer = render(error, family);
    CHECK(answer.result_int() == (family == api_family::open_inference ? 503 : 429));
    CHECK(answer[http::field::retry_after] == "1");
    CHECK(answer["retry-after-ms"] == "1000");
  }
  CHECK(render(error, api_family::openai).body().find(R"("type":"rate_limit_error")") != std::string::npos);
  CHECK(render(error, api_family::openai).body().find(R"("code":"rate_limit_exceeded")") !=
        std::string::npos);
  CHECK(render(error, api_family::tei).body().find(R"("error_type":"Overloaded")") != std::string::npos);
}

TEST_CASE("each problem has its status in each family") {
  struct row {
    problem what;
    unsigned openai, tei, open_inference;
  };
  for (const auto& [what, openai, tei, open_inference] : {row{problem::malformed, 400, 400, 400},
                                                          row{problem::invalid, 400, 422, 400},
                                                          row{problem::empty_input, 400, 400, 400},
                                                          row{problem::unauthorized, 401, 401, 401},
                                                          row{problem::forbidden, 403, 403, 403},
                                                          row{problem::unknown_model, 404, 404, 404},
                                                          row{problem::not_found, 404, 404, 404},
                                                          row{problem::method_not_allowed, 405, 405, 405},
                                                          row{problem::length_required, 411, 411, 411},
                                                          row{problem::body_too_large, 413, 413, 413},
                                                          row{problem::target_too_long, 414, 414, 414},
                                                          row{problem::unsupported_media_type, 415, 415, 415},
                                                          row{problem::expectation_failed, 417, 417, 417},
                                                          row{problem::header_too_large, 431, 431, 431},
                                                          row{problem::overloaded, 429, 429, 503},
                                                          row{problem::model_failed, 500, 424, 500},
                                                          row{problem::unsuitable_model, 400, 424, 400},
                                                          row{problem::not_implemented, 501, 501, 501},
                                                          row{problem::unavailable, 503, 503, 503},
                                                          row{problem::expired, 504, 504, 503},
                                                          row{problem::conflict, 409, 409, 409}}) {
    CHECK(render(api_error{what, "x"}, api_family::openai).result_int() == openai);
    CHECK(render(api_error{what, "x"}, api_family::tei).result_int() == tei);
    CHECK(render(api_error{what, "x"}, api_family::open_inference).result_int() == open_inference);
  }
}

TEST_CASE("error codes of the batcher and of the model are told apart") {
  CHECK(from_error_code(carpool::error::queue_full).kind() == problem::overloaded);
  CHECK(from_error_code(carpool::error::expired).kind() == problem::expired);
  CHECK(from_error_code(carpool::error::shut_down).kind() == problem::unavailable);
  CHECK(from_error_code(carpool::error::device_lost).kind() == problem::unavailable);
  CHECK(from_error_code(carpool::error::out_of_memory).kind() == problem::unavailable);
  CHECK(from_error_code(carpool::bert::error::pairs_unsupported).kind() == problem::invalid);
  CHECK(from_error_code(carpool::error::model_failed).kind() == problem::model_failed);
  CHECK(from_error_code(carpool::error::result_count_mismatch).kind() == problem::model_failed);
  CHECK(from_error_code(carpool::bert::error::empty_text).kind() == problem::empty_input);
  CHECK(from_error_code(carpool::bert::error::text_too_long).kind() == problem::invalid);
  CHECK(from_error_code(carpool::bert::error::invalid_utf8).kind() == problem::invalid);
  CHECK(from_error_code(carpool::bert::error::non_finite_output).kind() == problem::model_failed);
  CHECK(from_error_code(boost::asio::error::no_memory).kind() == problem::model_failed);
}
