// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/routes.hpp"

#include "support/doctest.hpp"

#include <initializer_list>

using namespace embed_server;
using http::verb;

namespace {

problem refusal(verb method, std::string_view path) {
  try {
    find_route(method, path);
  } catch (const api_error& error) {
    return error.kind();
  }
  FAIL("was not refused");
  return {};
}

request_head with_body(std::string content_type, std::string encoding = "") {
  request_head head;
  head.has_body = true;
  head.content_type = std::move(content_type);
  head.content_encoding = std::move(encoding);
  return head;
}

}  // namespace

TEST_CASE("every documented path leads to its endpoint") {
  CHECK(find_route(verb::post, "/embed").to == endpoint::embed);
  CHECK(find_route(verb::post, "/").to == endpoint::embed);
  CHECK(find_route(verb::post, "/v1/embeddings").to == endpoint::openai_embeddings);
  CHECK(find_route(verb::post, "/embeddings").to == endpoint::openai_embeddings);
  CHECK(find_route(verb::get, "/").to == endpoint::ping);
  CHECK(find_route(verb::head, "/").to == endpoint::ping);
  CHECK(find_route(verb::get, "/ping").to == endpoint::ping);
  CHECK(find_route(verb::get, "/info").to == endpoint::info);
  CHECK(find_route(verb::post, "/similarity").to == endpoint::similarity);
  CHECK(find_route(verb::post, "/rerank").to == endpoint::rerank);
  CHECK(find_route(verb::post, "/predict").to == endpoint::predict);
  CHECK(find_route(verb::post, "/embed_sparse").to == endpoint::another_model);
  CHECK(find_route(verb::get, "/v1/models").to == endpoint::models);
  CHECK(find_route(verb::get, "/v1/models/bert").model == "bert");
  CHECK(find_route(verb::get, "/health").to == endpoint::health);
  CHECK(find_route(verb::get, "/metrics").to == endpoint::metrics);
}

TEST_CASE("paths of the Open Inference Protocol name a model, decoded, and maybe its version") {
  const auto get = [](std::string_view path) { return find_route(verb::get, path); };
  CHECK(get("/v2").to == endpoint::server_metadata);
  CHECK(get("/v2/health/live").to == endpoint::server_live);
  CHECK(get("/v2/health/ready").to == endpoint::server_ready);
  CHECK(get("/v2/models/bert").to == endpoint::model_metadata);
  CHECK(get("/v2/models/bert").model == "bert");
  CHECK(get("/v2/models/a%20b%2Fc/ready").to == endpoint::model_ready);
  CHECK(get("/v2/models/a%20b%2Fc/ready").model == "a b/c");
  CHECK(get("/v2/models/bert/versions/7/config").to == endpoint::model_config);
  CHECK(get("/v2/models/bert/versions/7/config").version == "7");
  CHECK(get("/v2/models/bert/stats").to == endpoint::model_statistics);
  CHECK(get("/v2/models/stats").to == endpoint::all_statistics);
  CHECK(get("/v2/models/stats").model.empty());
  CHECK(find_route(verb::post, "/v2/models/bert/infer").to == endpoint::infer);
  CHECK(find_route(verb::post, "/v2/models/bert/versions/1/infer").to == endpoint::infer);
  for (const std::string_view path :
       {"/v2/models", "/v2/models/", "/v2/models//infer", "/v2/models/bert/versions",
        "/v2/models/bert/infer/", "/v2/", "/v2/models/bert/nothing"})
    CHECK(refusal(verb::post, path) == problem::not_found);
  CHECK(refusal(verb::get, "/v2/models/bert/infer") == problem::method_not_allowed);
  CHECK(allowed_methods("/v2/models/bert/infer") == "POST, OPTIONS");
}

TEST_CASE("models are managed under Triton's paths, by administrators") {
  CHECK(find_route(verb::post, "/v2/repository/index").to == endpoint::repository_index);
  CHECK(find_route(verb::post, "/v2/repository/models/a%20b/load").to == endpoint::model_load);
  CHECK(find_route(verb::post, "/v2/repository/models/a%20b/load").model == "a b");
  CHECK(find_route(verb::post, "/v2/repository/models/a/unload").to == endpoint::model_unload);
  for (const endpoint to : {endpoint::repository_index, endpoint::model_load, endpoint::model_unload}) {
    CHECK(is_for_admins(to));
    CHECK(!is_open(to));
    CHECK(!runs_model(to));
  }
  CHECK(!is_for_admins(endpoint::infer));
}

TEST_CASE("HEAD goes where GET goes and OPTIONS is understood everywhere") {
  CHECK(find_route(verb::head, "/health").to == endpoint::health);
  CHECK(find_route(verb::options, "/embed").to == endpoint::options);
  CHECK(find_route(verb::options, "*").to == endpoint::options);
  CHECK(allowed_methods("/embed") == "POST, OPTIONS");
  CHECK(allowed_methods("/health") == "GET, HEAD, OPTIONS");
  CHECK(allowed_methods("/") == "GET, HEAD, POST, OPTIONS");
}

TEST_CASE("H18: paths are taken literally, and other methods are told which are allowed") {
  for (const std::string_view path :
       {"//", "//embed", "/embed/", "/%65mbed", "/v1%2fembeddings", "/x/../embed", "/EMBED"})
    CHECK(refusal(verb::post, path) == problem::not_found);
  CHECK(refusal(verb::get, "/embed") == problem::method_not_allowed);
  CHECK(refusal(verb::head, "/embed") == problem::method_not_allowed);
  CHECK(refusal(verb::put, "/health") == problem::method_not_allowed);
  CHECK(refusal(verb::options, "/nowhere") == problem::not_found);
}

TEST_CASE("errors speak OpenAI's language under OpenAI's paths, that of /v2 there and TEI's elsewhere") {
  CHECK(family_of("/v2") == api_family::open_inference);
  CHECK(family_of("/v2/nowhere") == api_family::open_inference);
  CHECK(family_of("/v20") == api_family::tei);
  CHECK(family_of("/v1/embeddings") == api_family::openai);
  CHECK(family_of("/v1/nowhere") == api_family::openai);
  CHECK(family_of("/embeddings") == api_family::openai);
  CHECK(family_of("/embed") == api_family::tei);
  CHECK(family_of("/") == api_family::tei);
  CHECK(family_of("") == api_family::tei);
}

TEST_CASE("H6, H18: a body must be JSON, compressed or not, though a missing Content-Type is forgiven") {
  CHECK_NOTHROW(check_media_type(with_body("application/json"), endpoint::embed));
  CHECK_NOTHROW(check_media_type(with_body(""), endpoint::embed));
  CHECK_NOTHROW(check_media_type(with_body("application/json", "identity"), endpoint::embed));
  CHECK_NOTHROW(check_media_type(with_body("application/json", "gzip"), endpoint::embed));
  CHECK_NOTHROW(check_media_type(with_body("", "deflate"), endpoint::infer));
  CHECK_NOTHROW(check_media_type(with_body("application/octet-stream"), endpoint::infer));
  CHECK_THROWS_AS(check_media_type(with_body("application/octet-stream"), endpoint::embed), api_error);
  CHECK_THROWS_AS(check_media_type(with_body("application/x-www-form-urlencoded"), endpoint::embed),
                  api_error);
  CHECK_THROWS_AS(check_media_type(with_body("text/plain"), endpoint::infer), api_error);
  CHECK_THROWS_AS(check_media_type(with_body("application/json", "br"), endpoint::embed), api_error);
  CHECK_THROWS_AS(check_media_type(with_body("application/json", "gzip, gzip"), endpoint::embed), api_error);
}
