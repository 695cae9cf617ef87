// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/infer_answer.hpp"

#include "embed_server/api_error.hpp"
#include "support/doctest.hpp"

#include <cstring>
#include <limits>
#include <string>
#include <vector>

using namespace embed_server;

TEST_CASE("embeddings as JSON are one flat list") {
  infer_request request;
  request.output = "EMBEDDING";
  request.id = "4\"2";
  infer_writer writer{request, "bert", 2, 2};
  writer.append(std::vector{0.5F, 1.0F});
  writer.append(std::vector{-1.0F, 0.0F});
  const response answer = writer.finish();
  CHECK(answer.body() == R"({"id":"4\"2","model_name":"bert","model_version":"1","outputs":[)"
                         R"({"name":"EMBEDDING","datatype":"FP32","shape":[2,2],"data":[0.5,1,-1,0]}]})");
  CHECK(answer[http::field::content_type] == "application/json");
  CHECK(answer.count("Inference-Header-Content-Length") == 0);
}

TEST_CASE("binary embeddings follow the JSON, whose size a header tells") {
  infer_request request;
  request.output = "EMBEDDING";
  request.binary_output = true;
  infer_writer writer{request, "bert", 1, 2};
  const std::vector values{0.5F, -1.0F};
  writer.append(values);
  const response answer = writer.finish();
  const std::string json = R"({"model_name":"bert","model_version":"1","outputs":[{"name":"EMBEDDING",)"
                           R"("datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]})";
  REQUIRE(answer.body().size() == json.size() + 8);
  CHECK(answer.body().starts_with(json));
  CHECK(std::memcmp(answer.body().data() + json.size(), values.data(), 8) == 0);
  CHECK(answer["Inference-Header-Content-Length"] == std::to_string(json.size()));
  CHECK(answer[http::field::content_type] == "application/octet-stream");
}

TEST_CASE("values that are not finite never leave, in either form") {
  const std::vector values{std::numeric_limits<float>::infinity()};
  for (const bool binary : {false, true}) {
    infer_request request;
    request.output = "EMBEDDING";
    request.binary_output = binary;
    infer_writer writer{request, "bert", 1, 1};
    CHECK_THROWS_AS(writer.append(values), api_error);
  }
}
