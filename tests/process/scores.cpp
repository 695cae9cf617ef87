// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The real server with classifiers beside the real embedding model. goldens/make_classifier_goldens.py wrote
// them, and what transformers and sentence-transformers make of their texts.

#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/metrics_text.hpp"
#include "support/server_process.hpp"
#include "support/temporary_folder.hpp"
#include <carpool/bert/json_file.hpp>
#include <carpool/bert/json_reader.hpp>

#include <cmath>
#include <csignal>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace carpool::test;
using carpool::bert::json_file;
using carpool::bert::json_reader;
using carpool::bert::json_section;
using carpool::bert::json_value;

namespace {

const std::string goldens = CARPOOL_TEST_GOLDENS "/classifier/";
const std::vector<std::string> topics{"traffic", "food", "weather"};

struct expected {
  std::string text;
  std::optional<std::string> second;  // of a pair
  std::vector<double> logits, scores;
};

double number(const json_value& value) { return value.as_double("a number"); }

std::vector<double> numbers(const json_value& list) {
  std::vector<double> found;
  for (const json_value& each : list.as_array("a list")) found.push_back(number(each));
  return found;
}

std::vector<expected> read_answers(const std::string& model) {
  const json_file file{goldens + model + "/answers.json"};
  std::vector<expected> all;
  for (const json_value& value : file.value().as_array(file.name())) {
    const json_section row{value, file.name()};
    const bool pair = row.find("second") != nullptr;
    all.push_back({row.string("text"), pair ? std::optional(row.string("second")) : std::nullopt,
                   numbers(row.at("logits")), numbers(row.at("scores"))});
  }
  REQUIRE(all.size() > 5);
  return all;
}

// The texts of the goldens need no escapes.
std::string quoted(const std::string& text) { return '"' + text + '"'; }

std::string as_inputs(const expected& each) {
  return "[" + quoted(each.text) + (each.second ? "," + quoted(*each.second) : "") + "]";
}

// A prediction must have the highest score first, and for each label the one that is wanted.
void check_prediction(const json_value& prediction, const std::vector<double>& wanted) {
  const auto& list = prediction.as_array("a prediction");
  REQUIRE(list.size() == wanted.size());
  std::map<std::string, double> by_label;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json_section each{list[i], "a score"};
    by_label[each.string("label")] = number(each.at("score"));
    if (i > 0) CHECK(number(each.at("score")) <= number(*list[i - 1].find("score")));
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) CHECK(std::abs(by_label.at(topics[i]) - wanted[i]) < 1e-5);
}

server_process& shared_server() {
  static server_process server({CARPOOL_EMBED_SERVER, "--port", "0", "--threads", "1", "--device", "cpu",
                                "--model", "embeddings=" CARPOOL_TEST_MINILM, "--model", goldens + "topics",
                                "--model", goldens + "reranker", "--ab", "50"});
  return server;
}

bool mentions(const std::string& text, const std::string& word) { return text.find(word) != text.npos; }

}  // namespace

TEST_CASE("predictions over HTTP equal those of transformers, alone and in lists") {
  auto& server = shared_server();
  http_client client(server.port());
  INFO(server.log());
  const auto predict = [&](const std::string& inputs, const std::string& more = "") {
    const auto answer = client.ask(post_json("/predict", R"({"inputs":)" + inputs + more + "}"));
    REQUIRE(answer.status == 200);
    return json_reader::read(answer.body, "answer");
  };
  std::string list;
  const auto all = read_answers("topics");
  for (const expected& each : all) {
    INFO(each.text);
    check_prediction(predict(as_inputs(each)), each.scores);
    check_prediction(predict(as_inputs(each), R"(,"raw_scores":true)"), each.logits);
    list += (list.empty() ? "[" : ",") + as_inputs(each);
  }
  const auto together = predict(list + "]");
  const auto& found = together.as_array("answer");
  REQUIRE(found.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) check_prediction(found[i], all[i].scores);
}

TEST_CASE("ranks over HTTP equal those of sentence-transformers, and are in their order") {
  auto& server = shared_server();
  http_client client(server.port());
  INFO(server.log());
  for (const expected& each : read_answers("reranker")) {
    INFO(each.text);
    const auto score = [&](const std::string& more) {
      const auto answer =
          client.ask(post_json("/rerank", R"({"query":)" + quoted(each.text) + R"(,"texts":[)" +
                                              quoted(each.second.value()) + "]" + more + "}"));
      REQUIRE(answer.status == 200);
      const json_value ranks = json_reader::read(answer.body, "answer");
      return number(*ranks.as_array("answer").at(0).find("score"));
    };
    CHECK(std::abs(score("") - each.scores[0]) < 1e-5);
    CHECK(std::abs(score(R"(,"raw_scores":true)") - each.logits[0]) < 1e-5);
  }
  // The two goldens that share a query; the second has the higher score.
  const auto both = client.ask(
      post_json("/rerank", R"({"query":"who is late ?","texts":["the train is late","the bus is early."]})"));
  CHECK(both.body.starts_with(R"([{"index":1,"score":0.647)"));
  CHECK(mentions(both.body, R"({"index":0,"score":0.633)"));
}

TEST_CASE("models of every kind are served side by side, each with what it can do") {
  auto& server = shared_server();
  http_client client(server.port());
  INFO(server.log());
  CHECK(mentions(server.log(), "topics, 3 labels, texts of up to 24 tokens"));
  CHECK(client.ask(post_json("/embed", R"({"inputs":"share the ride"})")).status == 200);
  CHECK(client.ask(post_json("/v1/embeddings", R"({"input":"share","model":"topics"})")).status == 400);
  const auto infer = client.ask(
      post_json("/v2/models/topics/infer",
                R"({"inputs":[{"name":"TEXT","shape":[1,1],"datatype":"BYTES","data":["share"]}]})"));
  CHECK(mentions(infer.body, R"("outputs":[{"name":"SCORES","datatype":"FP32","shape":[1,3],"data":[0.390)"));
  CHECK(mentions(client.ask(get("/v1/models")).body, R"("id":"reranker")"));
}

TEST_CASE("a server of a classifier alone knows its kind and tokens, and ends well") {
  server_process server({CARPOOL_EMBED_SERVER, "--port", "0", "--threads", "1", "--device", "cpu", "--model",
                         goldens + "topics"});
  http_client client(server.port());
  CHECK(mentions(client.ask(get("/info")).body,
                 R"("model_type":{"classifier":{"id2label":{"0":"traffic","1":"food","2":"weather"},)"));
  CHECK(mentions(client.ask(post_json("/tokenize", R"({"inputs":"share"})")).body, R"("text":"share")"));
  CHECK(client.ask(post_json("/embed", R"({"inputs":"share"})")).status == 424);
  CHECK(client.ask(post_json("/predict", R"({"inputs":"share"})")).status == 200);
  server.signal(SIGTERM);
  CHECK(server.wait() == 0);
}

TEST_CASE("a key with weight 3 gets three times as much of a classifier as one with 1") {
  const temporary_folder folder;
  const std::string alice = "alice-0123456789", bob = "bob-0123456789abc";
  const std::string file = folder.write("keys", "alice " + alice + "\nbob " + bob + " weight=3\n").string();
  server_process server({CARPOOL_EMBED_SERVER, "--port", "0", "--threads", "1", "--device", "cpu", "--model",
                         goldens + "topics", "--api-keys", file, "--max-batch-size", "1", "--policy",
                         "eager"});
  constexpr double texts = 2000;
  std::string list = R"(["the train is late"])";
  for (int i = 1; i < texts; ++i) list += R"(,["the train is late"])";
  const auto question = [&](const std::string& key) {
    return post_json("/predict", R"({"inputs":[)" + list + "]}", "x-api-key: " + key + "\r\n");
  };
  const auto done = [&] {
    return value_of(http_client(server.port()).ask(get("/metrics")).body,
                    "carpool_requests_total{model=\"topics\",outcome=\"ok\"}");
  };
  http_client of_alice(server.port()), of_bob(server.port());
  const double before = done();
  of_alice.send(question(alice));
  of_bob.send(question(bob));
  CHECK(of_bob.receive().status == 200);
  const double of_alice_done = done() - before - texts;
  CHECK(of_alice.receive().status == 200);
  CHECK(of_alice_done > texts / 6);  // a third, but for those that ran before Bob came and after he was done
  CHECK(of_alice_done < texts);
}
