// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Several models in one server: who serves whom, loading, exchanging and unloading while it runs, and two
// ways to run one.

#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/metrics_text.hpp"
#include "support/temporary_folder.hpp"
#include "test_server.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace carpool::test;

namespace {

const std::string admin_key = "admin-0123456789", user_key = "user-0123456789a";
const std::string question = post_json("/embed", R"({"text":"hi"})", "x-api-key: " + user_key + "\r\n");

std::string answer_of(int model) { return R"({"embedding":[2,104,105,)" + std::to_string(model) + "]}"; }

// Lets an administrator and a user in.
class managed {
 public:
  explicit managed(test_server& server) : server_(server) {
    server.set_keys(folder_.write("keys", "root " + admin_key + " admin\nuser " + user_key + "\n"));
  }

  http_answer manage(const std::string& path, const std::string& body = "",
                     const std::string& key = admin_key) {
    return http_client(server_.port())
        .ask(post_json("/v2/repository/" + path, body, "x-api-key: " + key + "\r\n"));
  }

  http_answer load(const std::string& name, const std::string& folder) {
    return manage("models/" + name + "/load",
                  R"({"parameters":{"config":"{\"folder\":\")" + folder + R"(\"}"}})");
  }

  http_answer ask(const std::string& request) { return http_client(server_.port()).ask(request); }

  http_answer embed_with(const std::string& model) {
    return ask(post_json("/v1/embeddings", R"({"input":"hi","model":")" + model + "\"}",
                         "x-api-key: " + user_key + "\r\n"));
  }

 private:
  temporary_folder folder_;
  test_server& server_;
};

bool mentions(const http_answer& answer, const std::string& part) {
  return answer.body.find(part) != answer.body.npos;
}

}  // namespace

TEST_CASE("OpenAI's clients get the model that they name, and the default where it is unknown") {
  test_server server;
  managed models(server);
  CHECK(models.load("second", "2").status == 200);
  CHECK(mentions(models.embed_with("fake"), "[2,104,105,1]"));
  CHECK(mentions(models.embed_with("second"), "[2,104,105,2]"));
  CHECK(mentions(models.embed_with("second"), R"("model":"second")"));
  CHECK(mentions(models.embed_with("text-embedding-ada-002"), R"("model":"fake")"));
  server.refuse_unknown_models();
  const auto refused = models.embed_with("text-embedding-ada-002");
  CHECK(refused.status == 404);
  CHECK(
      refused.body ==
      R"({"error":{"message":"there is no model \"text-embedding-ada-002\"; this server has \"fake\", \"second\"",)"
      R"("type":"invalid_request_error","param":null,"code":"model_not_found"}})");
  CHECK(models.embed_with("second").status == 200);
}

TEST_CASE("every model has paths, statistics and metrics of its own") {
  test_server server;
  managed models(server);
  CHECK(models.load("second", "2").status == 200);
  const std::string key = "x-api-key: " + user_key + "\r\n";
  const std::string texts = R"({"inputs":[{"name":"TEXT","shape":[1],"datatype":"BYTES","data":["hi"]}]})";
  CHECK(mentions(models.ask(post_json("/v2/models/second/infer", texts, key)), R"("data":[2,104,105,2])"));
  const auto get_with_key = [&](const std::string& path) {
    return models.ask("GET " + path + " HTTP/1.1\r\nHost: a\r\n" + key + "\r\n");
  };
  CHECK(mentions(get_with_key("/v2/models/second/stats"), R"("name":"second","version":"1")"));
  CHECK(mentions(get_with_key("/v2/models/stats"), R"("name":"fake")"));
  CHECK(mentions(get_with_key("/v2/models/stats"), R"("name":"second")"));
  CHECK(mentions(get_with_key("/v1/models"), R"({"id":"second")"));
  CHECK(get_with_key("/v2/models/second/ready").status == 200);
  const auto metrics = get_with_key("/metrics").body;
  CHECK(has_line(metrics, R"(carpool_requests_total{model="fake",outcome="ok"} 0)"));
  CHECK(has_line(metrics, R"(carpool_requests_total{model="second",outcome="ok"} 2)"));  // one was the trial
}

TEST_CASE("what cannot be understood is counted for the default, in each protocol") {
  test_server server;
  managed models(server);
  CHECK(models.ask(post_json("/v1/embeddings", "{}", "x-api-key: " + user_key + "\r\n")).status == 400);
  CHECK(models.ask(post_json("/v2/models/nobody/infer", "{}", "x-api-key: " + user_key + "\r\n")).status ==
        404);
  CHECK(has_line(models.ask(get("/metrics")).body,
                 R"(carpool_requests_total{model="fake",outcome="invalid"} 2)"));
}

TEST_CASE("only administrators manage models, and nobody where there are no keys") {
  test_server server;
  const auto nobody = http_client(server.port()).ask(post_json("/v2/repository/models/a/load", "{}"));
  CHECK(nobody.status == 403);
  CHECK(mentions(nobody, "the server runs without --api-keys"));
  managed models(server);
  for (const std::string path : {"index", "models/fake/load", "models/fake/unload"}) {
    CHECK(models.manage(path, "{}", user_key).status == 403);
    CHECK(models.manage(path, "{}", "wrong").status == 401);
  }
  CHECK(mentions(models.manage("index", "{}", user_key), "marks as admin"));
  CHECK(models.ask(question).body == answer_of(1));
}

TEST_CASE("the index tells of all models that were ever there") {
  test_server server;
  managed models(server);
  CHECK(models.manage("index").body == R"([{"name":"fake","version":"1","state":"READY","reason":""}])");
  CHECK(models.load("second", "broken").status == 400);
  CHECK(
      models.manage("index", "{}").body ==
      R"([{"name":"fake","version":"1","state":"READY","reason":""},)"
      R"({"name":"second","version":"1","state":"UNAVAILABLE","reason":"broken/config.json: no such file"}])");
  CHECK(models.manage("index", R"({"ready":true})").body ==
        R"([{"name":"fake","version":"1","state":"READY","reason":""}])");
  CHECK(models.manage("index", R"({"ready":1})").status == 400);
}

TEST_CASE("a model that cannot be loaded is refused with file and cause, and the old one stays") {
  test_server server;
  managed models(server);
  const auto refused = models.load("fake", "broken");
  CHECK(refused.status == 400);
  CHECK(refused.body == R"({"error":"the model was not loaded: broken/config.json: no such file"})");
  CHECK(models.ask(question).body == answer_of(1));
  CHECK(models.manage("models/fake/load").status == 200);  // from its own folder, which it still knows
  CHECK(models.manage("models/nobody/load").status == 404);
  CHECK(mentions(models.manage("models/fake/load", R"({"parameters":{"config":"{}"}})"),
                 "must name the model's folder"));
  CHECK(models.manage("models/fake/load", R"({"parameters":{"config":1}})").status == 400);
  CHECK(models.manage("models/fake/load", R"({"parameters":{"config":"x"}})").status == 400);
  CHECK(models.manage("models/fake/load", R"({"parameters":1})").status == 400);
}

TEST_CASE("a folder that a model was never loaded from is not taken for its own") {
  test_server server;
  managed models(server);
  CHECK(models.load("second", "broken").status == 400);
  const auto refused = models.manage("models/second/load");
  CHECK(refused.status == 404);
  CHECK(mentions(refused, "no word of its folder"));
  CHECK(models.load("second", "2").status == 200);
  CHECK(models.load("second", "broken").status == 400);
  CHECK(models.manage("models/second/load").status == 200);
  CHECK(mentions(models.embed_with("second"), "[2,104,105,2]"));
}

TEST_CASE("a request ends with the model that it began with, and that one ends with it") {
  test_server server;
  managed models(server);
  server.hold_model();
  http_client begun(server.port());
  begun.send(question);
  server.await_run();
  CHECK(models.load("fake", "2").status == 200);
  CHECK(models.ask(question).body == answer_of(2));
  CHECK(server.models_alive() == 2);
  server.release_model();
  CHECK(begun.receive().body == answer_of(1));
  await([&] { return server.models_alive() <= 1; });
  CHECK(models.ask(question).body == answer_of(2));
}

TEST_CASE("a request ends with the model that it began with, also where that is unloaded") {
  test_server server;
  managed models(server);
  server.hold_model();
  http_client begun(server.port());
  begun.send(question);
  server.await_run();
  CHECK(models.manage("models/fake/unload").status == 200);
  CHECK(models.ask(question).status == 503);
  server.release_model();
  CHECK(begun.receive().body == answer_of(1));
  await([&] { return server.models_alive() == 0; });
}

TEST_CASE("while a model is loaded the others serve, and everything is answered") {
  test_server server;
  managed models(server);
  std::thread administrator([&] { CHECK(models.load("second", "slow").status == 200); });
  server.await_loading();
  CHECK(models.ask(question).body == answer_of(1));
  CHECK(models.ask(get("/health")).status == 200);
  CHECK(mentions(models.manage("index"), R"({"name":"second","version":"1","state":"LOADING","reason":""})"));
  server.release_loading();
  administrator.join();
  CHECK(mentions(models.embed_with("second"), "[2,104,105,3]"));
}

TEST_CASE("exchanging a model under load loses no request") {
  test_server server;
  managed models(server);
  std::atomic<int> answered = 0, lost = 0;
  std::atomic<bool> enough = false;
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      http_client client(server.port());
      while (!enough) ++(client.ask(question).status == 200 ? answered : lost);
    });
  }
  for (int folder = 2; folder < 12; ++folder) {
    const int before = answered;
    CHECK(models.load("fake", std::to_string(folder)).status == 200);
    CHECK(models.ask(question).body == answer_of(folder));
    await([&] { return answered >= before + 100; });
  }
  enough = true;
  for (auto& client : clients) client.join();
  CHECK(lost == 0);
  await([&] { return server.models_alive() <= 1; });
}

TEST_CASE("without its default model the server says so to whoever names none, and takes it back") {
  test_server server;
  managed models(server);
  CHECK(models.load("second", "2").status == 200);
  CHECK(models.manage("models/fake/unload", "{}").status == 200);
  const auto missing = models.ask(question);
  CHECK(missing.status == 503);
  CHECK(missing.body == R"({"error":"the model fake is not loaded at the moment","error_type":"Unhealthy"})");
  CHECK(models.embed_with("anything").status == 503);  // not silently a model with other vectors
  CHECK(models.embed_with("second").status == 200);
  CHECK(models.ask(get("/health")).status == 200);
  CHECK(models.ask(get("/v2/health/ready")).status == 200);
  CHECK(models.manage("models/second/unload").status == 200);
  CHECK(models.ask(get("/health")).body == R"({"status":"no model is loaded"})");
  CHECK(models.ask(get("/health")).status == 503);
  CHECK(models.ask(get("/ping")).status == 503);
  CHECK(mentions(models.manage("index"), R"("state":"UNAVAILABLE","reason":"unloaded")"));
  CHECK(models.manage("models/nobody/unload").status == 404);
  CHECK(models.manage("models/fake/load").status == 200);
  CHECK(models.ask(question).body == answer_of(1));
}

TEST_CASE("P1: a signal while models are exchanged still ends well") {
  test_server server;
  managed models(server);
  server.hold_model();
  http_client begun(server.port());
  begun.send(question);
  server.await_run();
  CHECK(models.load("fake", "2").status == 200);
  server.signal();
  server.release_model();
  CHECK(begun.receive().body == answer_of(1));
  CHECK(server.wait());
}

TEST_CASE("two ways to run a model: a client stays with one, and may ask for either") {
  test_server server;
  server.compare("fake", 50);
  http_client client(server.port());
  const auto variant = [&](const std::string& fields) {
    const auto answer = client.ask(post_json("/embed", R"({"text":"hi"})", fields));
    const auto which = answer.field("x-carpool-variant");
    CHECK(answer.body == answer_of(which == "batched" ? 1 : 2));
    return which;
  };
  int unbatched = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string id = "x-request-id: request-" + std::to_string(i) + "\r\n";
    const auto first = variant(id);
    CHECK(variant(id) == first);
    unbatched += first == "unbatched" ? 1 : 0;
  }
  CHECK(unbatched > 60);
  CHECK(unbatched < 140);
  CHECK(variant("x-carpool-variant: unbatched\r\n") == "unbatched");
  CHECK(variant("x-carpool-variant: batched\r\n") == "batched");
  CHECK(client.ask(post_json("/embed", R"({"text":"hi"})", "x-carpool-variant: none\r\n")).status == 422);
  const auto metrics = client.ask(get("/metrics")).body;
  CHECK(has_line(metrics, R"(carpool_max_batch_size{model="fake",variant="batched"} 32)"));
  CHECK(has_line(metrics, R"(carpool_max_batch_size{model="fake",variant="unbatched"} 1)"));
  CHECK(has_line(metrics, R"(carpool_requests_total{model="fake",variant="unbatched",outcome="ok"} )" +
                              std::to_string(2 * unbatched + 1)));
  const auto both = client.ask(get("/v2/models/fake/stats"));
  CHECK(mentions(both, R"("inference_count":402,"execution_count":402)"));
  CHECK(mentions(both, R"("batch_stats":[{"batch_size":1,"compute_input":{"count":402,)"));
}

TEST_CASE("where keys are in use, a client stays with one way to run the model") {
  test_server server;
  managed models(server);
  server.compare("fake", 50);
  const auto first = models.ask(question).field("x-carpool-variant");
  CHECK(!first.empty());
  for (int i = 0; i < 20; ++i) CHECK(models.ask(question).field("x-carpool-variant") == first);
}

TEST_CASE("where nothing is compared, nobody hears of variants") {
  test_server server;
  http_client client(server.port());
  const auto answer = client.ask(post_json("/embed", R"({"text":"hi"})", "x-carpool-variant: none\r\n"));
  CHECK(answer.status == 200);
  CHECK(answer.field("x-carpool-variant").empty());
}
