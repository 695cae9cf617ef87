// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

// TEI's /rerank and /predict, over the loopback interface, and which model does what.

#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/metrics_text.hpp"
#include "support/temporary_folder.hpp"
#include "test_server.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

using namespace carpool::test;

namespace {

// Beside the default model, which makes embeddings, one of each other kind.
struct mixed_server : test_server {
  explicit mixed_server(const embed_server::limits& limits = {}) : test_server(limits) {
    add("tags", "classifier");
    add("ranks", "reranker");
  }

  http_answer ask(const std::string& path, const std::string& body, const std::string& fields = "") {
    return http_client(port()).ask(post_json(path, body, fields));
  }
};

bool mentions(const http_answer& answer, const std::string& part) {
  return answer.body.find(part) != answer.body.npos;
}

void await_metric(const test_server& server, const std::string& line) {
  await([&] { return has_line(http_client(server.port()).ask(get("/metrics")).body, line); });
}

const std::string three_texts = R"({"query":"abcd","texts":["a","abcdefg","abcd"])";

}  // namespace

TEST_CASE("texts are ranked by their scores, which are between 0 and 1 unless they are wanted raw") {
  mixed_server server;
  CHECK(server.ask("/rerank", three_texts + R"(,"raw_scores":true})").body ==
        R"([{"index":1,"score":3},{"index":2,"score":0},{"index":0,"score":-3}])");
  const auto answer = server.ask("/rerank", three_texts + R"(,"return_text":true})");
  CHECK(answer.status == 200);
  CHECK(answer.body.starts_with(R"([{"index":1,"text":"abcdefg","score":0.95)"));
  CHECK(mentions(answer, R"({"index":2,"text":"abcd","score":0.5})"));
  CHECK(answer.field("x-compute-characters") == "24");
  CHECK(answer.field("x-compute-tokens") == "27");
}

TEST_CASE("texts whose scores are rounded to the same are ranked by their logits") {
  mixed_server server;
  const std::string shorter(30, 'a'), longer(40, 'a');
  CHECK(server.ask("/rerank", R"({"query":"q","texts":[")" + shorter + R"(",")" + longer + R"("]})").body ==
        R"([{"index":1,"score":1},{"index":0,"score":1}])");
}

TEST_CASE("an empty text is one of a pair all the same") {
  mixed_server server;
  CHECK(server.ask("/rerank", R"({"query":"ab","texts":["abc",""],"raw_scores":true})").body ==
        R"([{"index":0,"score":1},{"index":1,"score":-2}])");
  CHECK(server.ask("/rerank", R"({"query":"","texts":["abc"],"raw_scores":true})").body ==
        R"([{"index":0,"score":3}])");
  const auto tokens = [&](const std::string& inputs) {
    return server.ask("/predict", R"({"inputs":)" + inputs + "}").field("x-compute-tokens");
  };
  CHECK(tokens(R"(["a"])") == "1");
  CHECK(tokens(R"(["","a"])") == "2");  // and what is between the texts
  CHECK(tokens(R"([["a",""]])") == "2");
}

TEST_CASE("labels are predicted for a text, for a pair and for a list of both") {
  mixed_server server;
  const auto raw = [&](const std::string& inputs) {
    return server.ask("/predict", R"({"raw_scores":true,"inputs":)" + inputs + "}").body;
  };
  const std::string text =
      R"([{"score":2,"label":"long"},{"score":0,"label":"pair"},{"score":-2,"label":"short"}])";
  const std::string pair =
      R"([{"score":3,"label":"pair"},{"score":1,"label":"long"},{"score":-1,"label":"short"}])";
  CHECK(raw(R"("ab")") == text);
  CHECK(raw(R"(["ab"])") == text);
  CHECK(raw(R"(["abc","a"])") == pair);
  CHECK(raw(R"([["ab"],["abc","a"]])") == "[" + text + "," + pair + "]");
  CHECK(raw(R"([["ab"]])") == "[" + text + "]");
  const auto scores = server.ask("/predict", R"({"inputs":"a"})").body;
  CHECK(scores.starts_with(R"([{"score":0.665)"));  // e / (e + 1 + 1/e)
  CHECK(server.ask("/predict", R"({"inputs":[["ab"],["abc","d"]]})").field("x-compute-characters") == "6");
}

TEST_CASE("who names no model is served by the first that can do what is asked") {
  mixed_server server;
  server.add("more tags", "classifier");
  CHECK(server.ask("/embed", R"({"text":"hi"})").body == R"({"embedding":[2,104,105,1]})");
  CHECK(mentions(server.ask("/predict", R"({"inputs":"ab"})"), R"("label":"pair")"));
  const auto metrics = http_client(server.port()).ask(get("/metrics")).body;
  CHECK(has_line(metrics, R"(carpool_requests_total{model="tags",outcome="ok"} 1)"));
  CHECK(has_line(metrics, R"(carpool_requests_total{model="more tags",outcome="ok"} 0)"));
  CHECK(has_line(metrics, R"(carpool_request_duration_seconds_count{model="tags"} 1)"));
  CHECK(has_line(metrics, R"(carpool_tokens_total{model="tags"} 2)"));
}

TEST_CASE("labels are asked of the first classifier, of a reranker only where there is none") {
  test_server server;
  server.add("ranks", "reranker");
  http_client client(server.port());
  const std::string question = post_json("/predict", R"({"inputs":"ab"})");
  CHECK(mentions(client.ask(question), R"("label":"relevant")"));
  server.add("tags", "classifier");
  CHECK(mentions(client.ask(question), R"("label":"pair")"));
}

TEST_CASE("a model is not asked for what it cannot do, and says what it does in the path's words") {
  test_server embedder;
  http_client client(embedder.port());
  const auto rerank = client.ask(post_json("/rerank", three_texts + "}"));
  CHECK(rerank.status == 424);
  CHECK(rerank.body ==
        R"({"error":"model is not a re-ranker model: fake makes embeddings","error_type":"Backend"})");
  const auto predict = client.ask(post_json("/predict", R"({"inputs":"a"})"));
  CHECK(predict.status == 424);
  CHECK(predict.body ==
        R"({"error":"Model is not a classifier model: fake makes embeddings","error_type":"Backend"})");
  embedder.add("tags", "classifier");
  CHECK(client.ask(post_json("/rerank", three_texts + "}")).status == 424);  // three labels are no rank
  CHECK(client.ask(post_json("/predict", R"({"inputs":"a"})")).status == 200);
  const auto openai = client.ask(post_json("/v1/embeddings", R"({"input":"a","model":"tags"})"));
  CHECK(openai.status == 400);
  CHECK(openai.body ==
        R"({"error":{"message":"Model is not an embedding model: tags gives scores of 3 labels",)"
        R"("type":"invalid_request_error","param":"model","code":null}})");
  CHECK(has_line(client.ask(get("/metrics")).body,
                 R"(carpool_requests_total{model="tags",outcome="invalid"} 1)"));
}

TEST_CASE("where no model makes embeddings, who wants some is refused") {
  const temporary_folder folder;
  const std::string key = "admin-0123456789";
  test_server server({}, {}, {}, "reranker");
  server.set_keys(folder.write("keys", "root " + key + " admin\n"));
  const std::string field = "x-api-key: " + key + "\r\n";
  http_client client(server.port());
  for (const char* path : {"/embed", "/embed_all"}) {
    const auto refused = client.ask(post_json(path, R"({"inputs":"a"})", field));
    CHECK(refused.status == 424);
    CHECK(mentions(refused, "Model is not an embedding model: fake gives scores of 1 label"));
  }
  CHECK(client.ask(post_json("/rerank", three_texts + "}", field)).status == 200);
  CHECK(client.ask(post_json("/predict", R"({"inputs":"a"})", field)).status == 200);
  CHECK(client.ask(post_json("/v2/repository/models/fake/unload", "{}", field)).status == 200);
  CHECK(client.ask(post_json("/rerank", three_texts + "}", field)).status == 503);
}

TEST_CASE("a model is not exchanged for one of another kind, also while it is not loaded") {
  const temporary_folder folder;
  const std::string key = "admin-0123456789", field = "x-api-key: " + key + "\r\n";
  mixed_server server;
  server.set_keys(folder.write("keys", "root " + key + " admin\n"));
  const auto load = [&](const std::string& kind) {
    return server.ask("/v2/repository/models/fake/load",
                      R"({"parameters":{"config":"{\"folder\":\")" + kind + R"(\"}"}})", field);
  };
  const auto refused = load("reranker");
  CHECK(refused.status == 400);
  CHECK(mentions(refused, "the model fake cannot be exchanged for one of another kind"));
  CHECK(server.ask("/embed", R"({"text":"hi"})", field).body == R"({"embedding":[2,104,105,1]})");
  CHECK(server.ask("/v2/repository/models/fake/unload", "{}", field).status == 200);
  CHECK(load("classifier").status == 400);
  CHECK(server.ask("/embed", R"({"text":"hi"})", field).status == 503);
  CHECK(load("2").status == 200);
  CHECK(server.ask("/embed", R"({"text":"hi"})", field).body == R"({"embedding":[2,104,105,2]})");
}

TEST_CASE("while the first model of a kind is not loaded, nobody is handed to the next silently") {
  const temporary_folder folder;
  const std::string key = "admin-0123456789", field = "x-api-key: " + key + "\r\n";
  mixed_server server;
  server.add("more ranks", "reranker");
  server.set_keys(folder.write("keys", "root " + key + " admin\n"));
  CHECK(server.ask("/v2/repository/models/ranks/unload", "{}", field).status == 200);
  const auto missing = server.ask("/rerank", three_texts + "}", field);
  CHECK(missing.status == 503);
  CHECK(mentions(missing, "the model ranks is not loaded at the moment"));
  CHECK(server.ask("/v2/repository/models/ranks/load", "", field).status == 200);
  CHECK(server.ask("/rerank", three_texts + "}", field).status == 200);
}

TEST_CASE("TEI's clients learn the kind of the default model, and its labels") {
  const auto info_of = [](const char* folder) {
    test_server server({}, {}, {}, folder);
    return http_client(server.port()).ask(get("/info"));
  };
  CHECK(mentions(info_of("classifier"),
                 R"("model_type":{"classifier":{"id2label":{"0":"long","1":"short","2":"pair"},)"
                 R"("label2id":{"long":0,"short":1,"pair":2}}})"));
  CHECK(mentions(info_of("reranker"),
                 R"("model_type":{"reranker":{"id2label":{"0":"relevant"},"label2id":{"relevant":0}}})"));
  CHECK(mentions(info_of("2"), R"("model_type":{"embedding":{"pooling":"mean"}})"));
}

TEST_CASE("B13: where not all texts of a request fit into the queue, none of them runs") {
  test_server server({}, {.max_batch_size = 1, .max_queue_size = 2}, {}, "reranker");
  server.hold_model();
  http_client first(server.port()), second(server.port()), third(server.port());
  first.send(post_json("/rerank", R"({"query":"q","texts":["a"]})"));
  server.await_run();
  second.send(post_json("/rerank", R"({"query":"q","texts":["b"]})"));
  await_metric(server, R"(carpool_queue_depth{model="fake"} 1)");
  CHECK(third.ask(post_json("/rerank", R"({"query":"q","texts":["c","d"]})")).status == 429);
  server.release_model();
  CHECK(first.receive().status == 200);
  CHECK(second.receive().status == 200);
  CHECK(server.texts_run() == 2);
}

TEST_CASE("a text that is too long fails its whole request before the model runs, and is named") {
  mixed_server server;
  const std::string too_long(1001, 'a');
  const auto refused =
      server.ask("/rerank", R"({"query":"q","texts":["a",")" + too_long + R"("],"truncate":false})");
  CHECK(refused.status == 422);
  CHECK(mentions(refused, R"({"error":"query and texts[1] together: )"));
  const auto pair =
      server.ask("/predict", R"({"inputs":[["a"],["b",")" + too_long + R"("]],"truncate":false})");
  CHECK(pair.status == 422);
  CHECK(mentions(pair, R"({"error":"inputs[1]: )"));
  CHECK(server.texts_run() == 0);
  CHECK(server.ask("/rerank", R"({"query":"q","texts":["a",")" + too_long + R"("]})").status == 200);
}

TEST_CASE("B8: what the model does wrong is told in TEI's words") {
  mixed_server server;
  for (const std::string text : {"boom", "nan"}) {
    CHECK(server.ask("/rerank", R"({"query":"q","texts":[")" + text + R"("]})").status == 424);
    CHECK(server.ask("/predict", R"({"inputs":")" + text + R"("})").status == 424);
  }
  CHECK(mentions(server.ask("/predict", R"({"inputs":[["a"],["nan"]]})"), "not finite"));
}

TEST_CASE("a long query counts once for each text, and labels for each, before anything is done") {
  embed_server::limits limits;
  limits.body_size = 200;
  limits.vector_values = 6;  // of 3 labels
  limits.predictions = 266;  // with these names, of which each text has 2 + 3 * 37 + 19 bytes
  mixed_server server{limits};
  const std::string query(60, 'q');
  CHECK(server.ask("/rerank", R"({"query":")" + query + R"(","texts":["a","b","c"]})").status == 200);
  const auto refused = server.ask("/rerank", R"({"query":")" + query + R"(","texts":["a","b","c","d"]})");
  CHECK(refused.status == 422);
  CHECK(mentions(refused, "query, once for each of 4 texts, has more than 200 bytes"));
  CHECK(server.ask("/predict", R"({"inputs":[["a"],["b"]]})").status == 200);
  const auto many = server.ask("/predict", R"({"inputs":[["a"],["b"],["c"]]})");
  CHECK(many.status == 422);
  CHECK(mentions(many, "3 texts have 3 labels with scores each, of which 2 texts can be answered at most"));
  const std::string texts =
      R"({"inputs":[{"name":"TEXT","shape":[3],"datatype":"BYTES","data":["a","b","c"]}]})";
  CHECK(server.ask("/v2/models/tags/infer", texts).status == 400);
  CHECK(server.ask("/v2/models/fake/infer", texts).status == 200);
}

TEST_CASE("the first text of a pair is bounded, since it is read to its end in one turn") {
  embed_server::limits limits;
  limits.first_text = 5;
  mixed_server server{limits};
  CHECK(server.ask("/rerank", R"({"query":"12345","texts":["1234567"]})").status == 200);
  const auto query = server.ask("/rerank", R"({"query":"123456","texts":["a"]})");
  CHECK(query.status == 422);
  CHECK(mentions(query, "query has 6 bytes, but may have 5 at most, as the first text of a pair"));
  const auto pair = server.ask("/predict", R"({"inputs":[["1234567"],["123456","a"]]})");
  CHECK(pair.status == 422);
  CHECK(mentions(pair, "inputs[1][0] has 6 bytes, but may have 5 at most"));
  CHECK(server.ask("/predict", R"({"inputs":[["1234567"],["12345","1234567"]]})").status == 200);
}

TEST_CASE("scores are an output of the Open Inference Protocol, and metadata tells how many") {
  mixed_server server;
  http_client client(server.port());
  const std::string input =
      R"({"inputs":[{"name":"TEXT","shape":[2,1],"datatype":"BYTES","data":["a","b"]}])";
  const auto ranks = client.ask(post_json("/v2/models/ranks/infer", input + "}"));
  CHECK(ranks.status == 200);
  CHECK(mentions(ranks, R"("outputs":[{"name":"SCORES","datatype":"FP32","shape":[2,1],"data":[1,1]}])"));
  CHECK(
      client.ask(post_json("/v2/models/ranks/infer", input + R"(,"outputs":[{"name":"SCORES"}]})")).status ==
      200);
  const auto refused =
      client.ask(post_json("/v2/models/ranks/infer", input + R"(,"outputs":[{"name":"EMBEDDING"}]})"));
  CHECK(refused.status == 400);
  CHECK(refused.body == R"({"error":"there is no such output; the only one is SCORES"})");
  CHECK(mentions(client.ask(get("/v2/models/tags")),
                 R"("outputs":[{"name":"SCORES","datatype":"FP32","shape":[-1,3]}])"));
  CHECK(mentions(client.ask(get("/v2/models/tags/config")),
                 R"("output":[{"name":"SCORES","data_type":"TYPE_FP32","dims":[3]}])"));
  CHECK(mentions(client.ask(get("/v1/models")), R"("id":"tags")"));
}

TEST_CASE("scores can be had as a binary tensor") {
  mixed_server server;
  const std::string json = R"({"inputs":[{"name":"TEXT","shape":[1,1],"datatype":"BYTES","data":["ab"]}],)"
                           R"("parameters":{"binary_data_output":true}})";
  const auto answer = server.ask("/v2/models/tags/infer", json);
  CHECK(answer.status == 200);
  const std::size_t json_size = std::stoul(answer.field("inference-header-content-length"));
  std::vector<float> values(3);
  REQUIRE(answer.body.size() == json_size + values.size() * sizeof(float));
  std::memcpy(values.data(), answer.body.data() + json_size, values.size() * sizeof(float));
  CHECK(values == std::vector{2.0F, -2.0F, 0.0F});
}

TEST_CASE("H13: a client that leaves while its texts wait to be ranked does not have them ranked") {
  mixed_server server;
  server.hold_model();
  http_client first(server.port());
  first.send(post_json("/rerank", R"({"query":"q","texts":["a"]})"));
  server.await_run();
  {
    http_client second(server.port());
    second.send(post_json("/rerank", R"({"query":"q","texts":["a","b"]})"));
    await_metric(server, R"(carpool_queue_depth{model="ranks"} 2)");
  }
  await_metric(server, R"(carpool_requests_total{model="ranks",outcome="cancelled"} 2)");
  server.release_model();
  CHECK(first.receive().status == 200);
  CHECK(server.texts_run() == 1);
}
