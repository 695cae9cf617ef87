// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Whole conversations in the Open Inference Protocol, version 2, with Triton's extensions, and compressed
// bodies.

#include "compress.hpp"
#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "test_server.hpp"

#include <bit>
#include <cstring>
#include <string>
#include <vector>

using namespace carpool::test;

namespace {

const std::string two_texts =
    R"({"id":"42","inputs":[{"name":"TEXT","shape":[2,1],"datatype":"BYTES","data":["a","bc"]}]})";

bool mentions(const http_answer& answer, const std::string& part) {
  return answer.body.find(part) != answer.body.npos;
}

}  // namespace

TEST_CASE("inference in JSON is answered in JSON") {
  test_server server;
  const auto answer = http_client(server.port()).ask(post_json("/v2/models/fake/infer", two_texts));
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"id":"42","model_name":"fake","model_version":"1","outputs":[{"name":"EMBEDDING",)"
                       R"("datatype":"FP32","shape":[2,4],"data":[1,97,97,1,2,98,99,1]}]})");
}

TEST_CASE("inference with binary tensors is answered with binary tensors") {
  test_server server;
  const std::string json =
      R"({"inputs":[{"name":"TEXT","shape":[1,1],"datatype":"BYTES","parameters":{"binary_data_size":5}}],)"
      R"("parameters":{"binary_data_output":true}})";
  const auto answer =
      http_client(server.port())
          .ask(post_json("/v2/models/fake/versions/1/infer", json + std::string("\1\0\0\0a", 5),
                         "Inference-Header-Content-Length: " + std::to_string(json.size()) + "\r\n"));
  CHECK(answer.status == 200);
  const std::size_t json_size = std::stoul(answer.field("inference-header-content-length"));
  REQUIRE(answer.body.size() == json_size + 4 * sizeof(float));
  std::vector<float> values(4);
  std::memcpy(values.data(), answer.body.data() + json_size, 4 * sizeof(float));
  CHECK(values == std::vector{1.0F, 97.0F, 97.0F, 1.0F});
}

TEST_CASE("compressed bodies are understood in every protocol") {
  test_server server;
  http_client client(server.port());
  const auto ask = [&](std::string_view path, const std::string& body, coding with) {
    return client.ask(
        post_json(path, compress(body, with),
                  with == coding::gzip ? "Content-Encoding: gzip\r\n" : "Content-Encoding: deflate\r\n"));
  };
  CHECK(ask("/embed", R"({"inputs":"a"})", coding::gzip).body == "[[1,97,97,1]]");
  CHECK(ask("/v1/embeddings", R"({"input":"a"})", coding::deflate).status == 200);
  CHECK(ask("/v2/models/fake/infer", two_texts, coding::gzip).status == 200);
  const auto bomb = ask("/embed", R"({"inputs":")" + std::string(20'000'000, 'a') + "\"}", coding::gzip);
  CHECK(bomb.status == 413);
  CHECK(mentions(bomb, "once it is decompressed"));
  CHECK(client.ask(post_json("/embed", "x", "Content-Encoding: gzip\r\n")).status == 400);
  CHECK(client.ask(post_json("/embed", R"({"inputs":"a"})")).status == 200);
}

TEST_CASE("clients learn what the server and its model are") {
  test_server server;
  http_client client(server.port());
  CHECK(client.ask(get("/v2/health/live")).body == R"({"live":true})");
  CHECK(client.ask(get("/v2/health/ready")).body == R"({"ready":true})");
  CHECK(client.ask(get("/v2/models/fake/ready")).status == 200);
  CHECK(mentions(client.ask(get("/v2")),
                 R"("extensions":["binary_tensor_data","statistics","model_configuration"])"));
  CHECK(client.ask(get("/v2/models/fake")).body ==
        R"({"name":"fake","versions":["1"],"platform":"carpool_libtorch",)"
        R"("inputs":[{"name":"TEXT","datatype":"BYTES","shape":[-1,1]}],)"
        R"("outputs":[{"name":"EMBEDDING","datatype":"FP32","shape":[-1,4]}]})");
  CHECK(mentions(client.ask(get("/v2/models/fake/config")), R"("max_batch_size":32)"));
  const auto unknown = client.ask(get("/v2/models/bert"));
  CHECK(unknown.status == 404);
  CHECK(unknown.body == R"({"error":"there is no model \"bert\"; this server has \"fake\""})");
  CHECK(client.ask(get("/v2/models/fake/versions/2")).status == 404);
  CHECK(client.ask(post_json("/v2/models/bert/infer", two_texts)).status == 404);
  server.fail_device();
  server.fail_device();
  CHECK(client.ask(get("/v2/health/ready")).status == 503);
  CHECK(client.ask(get("/v2/health/live")).status == 200);
}

TEST_CASE("statistics count texts, batches and their sizes") {
  test_server server;
  http_client client(server.port());
  CHECK(client.ask(post_json("/v2/models/fake/infer", two_texts)).status == 200);
  const auto statistics = [&] { return client.ask(get("/v2/models/fake/stats")); };
  await([&] { return mentions(statistics(), R"("inference_count":2,)"); });  // counted right after the answer
  const auto done = statistics();
  CHECK(mentions(done, R"("inference_count":2,"execution_count":1)"));
  CHECK(mentions(done, R"("success":{"count":2,)"));
  CHECK(mentions(done, R"("compute_infer":{"count":2,)"));
  CHECK(mentions(done, R"("batch_stats":[{"batch_size":2,"compute_input":{"count":1,)"));
  CHECK(mentions(client.ask(get("/v2/models/stats")), R"("name":"fake")"));
}

TEST_CASE("errors are JSON of one field, whoever finds them") {
  test_server server;
  http_client client(server.port());
  const auto empty = client.ask(post_json("/v2/models/fake/infer", "{}"));
  CHECK(empty.status == 400);
  CHECK(empty.body == R"({"error":"inputs must be a list"})");
  CHECK(client.ask(get("/v2/nothing")).body == R"({"error":"there is nothing at this path"})");
  const auto boom =
      client.ask(post_json("/v2/models/fake/infer",
                           R"({"inputs":[{"name":"TEXT","shape":[1],"datatype":"BYTES","data":["boom"]}]})"));
  CHECK(boom.status == 500);
  CHECK(boom.body ==
        R"({"error":"the model failed: collate, model, split or a lane factory threw an exception"})");
}

TEST_CASE("a timeout in the request ends the wait for a busy model with 503") {
  test_server server;
  server.hold_model();
  http_client busy(server.port());
  busy.send(post_json("/embed", R"({"text":"hi"})"));
  server.await_run();
  const auto late =
      http_client(server.port())
          .ask(post_json("/v2/models/fake/infer",
                         R"({"inputs":[{"name":"TEXT","shape":[1],"datatype":"BYTES","data":["a"]}],)"
                         R"("parameters":{"timeout":1000}})"));
  CHECK(late.status == 503);
  CHECK(mentions(late, "deadline"));
  server.release_model();
  CHECK(busy.receive().status == 200);
}
