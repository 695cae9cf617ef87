// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/api_keys.hpp"

#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/resident_memory.hpp"
#include "support/temporary_folder.hpp"
#include "test_server.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

using namespace embed_server;
using namespace carpool::test;

namespace {

const std::string alice = "alice-0123456789", bob = "bob-0123456789abc";

// A file of keys that lives as long as this.
class key_file {
 public:
  explicit key_file(const std::string& text) { folder_.write("keys", text); }
  std::filesystem::path path() const { return folder_.path() / "keys"; }
  api_keys read() const { return api_keys::read(path()); }

 private:
  temporary_folder folder_;
};

std::string refusal(const std::string& text) {
  try {
    key_file(text).read();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "was not refused";
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

std::string get_with_key(const std::string& path, const std::string& key) {
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\nx-api-key: " + key + "\r\n\r\n";
}

int status(http_client& client, const std::string& fields) {
  return client.ask(post_json("/embed", R"({"text":"hi"})", fields)).status;
}

}  // namespace

TEST_CASE("a key is known by its digest, which the file may hold in its place") {
  const key_file file("# who may\n\nalice " + alice +
                      "\nbob sha256:d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35\n");
  const api_keys keys = file.read();
  CHECK(keys.required());
  const auto* first = keys.find(digest_of(alice));
  const auto* second = keys.find(digest_of("2"));  // whose digest that is
  REQUIRE(first != nullptr);
  REQUIRE(second != nullptr);
  CHECK(first->name == "alice");
  CHECK(first->id != 0);
  CHECK(first->id != second->id);
  CHECK(file.read().find(digest_of(alice))->id == first->id);
  CHECK(keys.find(digest_of("alice")) == nullptr);
  CHECK(keys.find(digest_of("")) == nullptr);
  CHECK_FALSE(api_keys{}.required());
}

TEST_CASE("a bad file of keys is refused with its line, and without a key") {
  CHECK(mentions(refusal("alice short"), "line 1: the key must have at least 16 characters"));
  CHECK_FALSE(mentions(refusal("alice short"), "short"));
  CHECK(mentions(refusal("a " + alice + "\nb"), "line 2: must be a name and a key"));
  CHECK(mentions(refusal("a " + alice + " " + bob),
                 "line 1: what follows a key must be admin, weight=N, requests_per_minute=N"));
  CHECK(mentions(refusal("a sha256:12"), "64 hexadecimal digits"));
  CHECK(mentions(refusal("a sha256:" + std::string(64, 'g')), "64 hexadecimal digits"));
  CHECK(mentions(refusal("a " + alice + "\na " + bob), "line 2: the name a is given more than once"));
  CHECK(mentions(refusal("a " + alice + "\nb " + alice), "line 2: has the key of a"));
  CHECK(mentions(refusal("# nobody\n"), "holds no keys"));
  CHECK_THROWS_AS(api_keys::read("/nowhere/keys"), std::runtime_error);
  CHECK_THROWS_WITH(api_keys::read("/"), "/ cannot be read");
}

TEST_CASE("a key may have limits of its own") {
  const api_keys keys =
      key_file("alice " + alice + " tokens_per_minute=4294967295 requests_per_minute=60\nbob " + bob).read();
  CHECK(keys.find(digest_of(alice))->rates.requests == 60u);
  CHECK(keys.find(digest_of(alice))->rates.tokens == 4'294'967'295u);
  CHECK_FALSE(keys.find(digest_of(bob))->rates.requests);
  for (const std::string value : {"", "=", "=0", "=-1", "=1.5", "=many", "=60s", "=4294967296"})
    CHECK(mentions(refusal("alice " + alice + " requests_per_minute" + value),
                   "line 1: requests_per_minute must be a whole number from 1 to 4294967295"));
  CHECK(mentions(refusal("alice " + alice + " tokens_per_minute=1 tokens_per_minute=2"),
                 "tokens_per_minute is given more than once"));
}

TEST_CASE("a key may have a weight") {
  const api_keys keys = key_file("alice " + alice + " weight=3\nbob " + bob).read();
  CHECK(keys.find(digest_of(alice))->weight == 3u);
  const auto weight = keys.weights();
  CHECK(weight(keys.find(digest_of(alice))->id) == 3);
  CHECK(weight(keys.find(digest_of(bob))->id) == 1);
  CHECK(weight(0) == 1);
  CHECK(mentions(refusal("alice " + alice + " weight=0"),
                 "line 1: weight must be a whole number from 1 to 4294967295"));
  CHECK(mentions(refusal("alice " + alice + " weight=1 weight=1"), "weight is given more than once"));
}

TEST_CASE("a key may be marked as an admin's") {
  const api_keys keys = key_file("alice " + alice + " tokens_per_minute=9 admin\nbob " + bob).read();
  CHECK(keys.find(digest_of(alice))->admin);
  CHECK(keys.find(digest_of(alice))->rates.tokens == 9u);
  CHECK_FALSE(keys.find(digest_of(bob))->admin);
  CHECK(mentions(refusal("alice " + alice + " admin admin"), "line 1: admin is given more than once"));
  CHECK(mentions(refusal("alice " + alice + " Admin"), "line 1: what follows a key must be admin, "));
}

TEST_CASE("H19: who has no key is refused before the body is read, in the words of the path's clients") {
  const key_file file("alice " + alice);
  test_server server;
  server.set_keys(file.path());
  http_client client(server.port());
  const auto nobody =
      client.ask("POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  CHECK(nobody.status == 401);
  CHECK(nobody.field("www-authenticate") == "Bearer");
  CHECK(mentions(nobody.body, R"("code":"invalid_api_key")"));
  CHECK(client.closed_by_server());
  http_client waiting(server.port());  // H7: and not told to go on
  CHECK(waiting
            .ask("POST /embed HTTP/1.1\r\nHost: a\r\nx-api-key: wrong\r\nContent-Length: 9\r\n"
                 "Expect: 100-continue\r\n\r\n")
            .status == 401);
  CHECK(waiting.closed_by_server());
  http_client another(server.port());
  CHECK(another.ask(post_json("/embed", "{}", "Authorization: Bearer wrong\r\n")).status == 401);
  CHECK(mentions(http_client(server.port()).ask(get("/v2/models/fake")).body, R"({"error":")"));
}

TEST_CASE("H19: wrong keys cost no memory, however many there are") {
  const key_file file("alice " + alice);
  test_server server({.requests_per_connection = 1'000'000, .rates = {.requests = 1, .tokens = 1}});
  server.set_keys(file.path());
  http_client client(server.port());
  int number = 0;
  const auto attack = [&](int times) {
    for (const int end = number + times; number < end; ++number)
      CHECK(client.ask(get_with_key("/v1/models", "another-" + std::to_string(number))).status == 401);
  };
  attack(under_sanitizers ? 100 : 1000);
  const long before = resident_kilobytes();
  attack(under_sanitizers ? 100 : 10'000);
  if (!under_sanitizers) CHECK(resident_kilobytes() - before < 1024);
}

TEST_CASE("a key is taken from Authorization, with or without its scheme, or from x-api-key") {
  const key_file file("alice " + alice + "\nbob " + bob);
  test_server server;
  server.set_keys(file.path());
  http_client client(server.port());
  CHECK(status(client, "Authorization: Bearer " + alice + "\r\n") == 200);
  CHECK(status(client, "Authorization: bearer " + bob + "\r\n") == 200);
  CHECK(status(client, "Authorization: Bearer  " + alice + "\r\n") == 200);  // RFC 9110: 1*SP
  CHECK(status(client, "Authorization: " + alice + "\r\n") == 200);
  CHECK(status(client, "x-api-key: " + bob + "\r\n") == 200);
  CHECK(status(client, "x-api-key: " + bob + "\r\nx-api-key: " + bob + "\r\n") == 400);
}

TEST_CASE("load balancers and monitoring need no key") {
  const key_file file("alice " + alice);
  test_server server;
  server.set_keys(file.path());
  http_client client(server.port());
  for (const char* path : {"/", "/health", "/ping", "/metrics", "/v2/health/live", "/v2/health/ready"})
    CHECK(client.ask(get(path)).status == 200);
  CHECK(client.ask(get("/v1/models")).status == 401);
}

TEST_CASE("a trailer cannot bring a key") {
  const key_file file("alice " + alice);
  test_server server;
  server.set_keys(file.path());
  const auto answer = http_client(server.port())
                          .ask(
                              "POST /embed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "d\r\n{\"text\":\"hi\"}\r\n0\r\nAuthorization: Bearer " +
                              alice + "\r\n\r\n");
  CHECK(answer.status == 401);
}

TEST_CASE("what is for admins is refused to others, and to everybody where there are none") {
  const key_file file("alice " + alice + " admin\nbob " + bob);
  test_server server;
  const auto status = [&](const std::string& fields) {
    return http_client(server.port())
        .ask("GET /debug/trace?seconds=0 HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n")
        .status;
  };
  CHECK(status("") == 403);
  server.set_keys(file.path());
  CHECK(status("") == 401);
  CHECK(status("x-api-key: " + bob + "\r\n") == 403);
  CHECK(status("x-api-key: " + alice + "\r\n") == 422);  // let in, and then its query is wrong
}

TEST_CASE("keys get shares of the model by their weights, and others when the file has changed") {
  const temporary_folder folder;
  const auto use = [&](test_server& server, const std::string& weight_of_bob) {
    server.set_keys(folder.write("keys", "alice " + alice + "\nbob " + bob + " weight=" + weight_of_bob));
  };
  const auto forty = [](const std::string& input) {
    std::string list = input;
    for (int i = 1; i < 40; ++i) list += "," + input;
    return R"({"inputs":[)" + list + "]}";
  };
  struct kind {
    std::string model, path, of_alice, of_bob;
  };
  for (const kind& each :
       {kind{"1", "/embed", R"("a")", R"("b")"}, kind{"classifier", "/predict", R"(["a"])", R"(["b"])"}}) {
    CAPTURE(each.path);
    for (const std::string after : {"3", "1"}) {
      test_server server({}, {.max_batch_size = 1, .fair_sharing = true}, {}, each.model);
      use(server, "3");
      server.hold_model();
      http_client first(server.port()), of_alice(server.port()), of_bob(server.port());
      first.send(post_json(each.path, R"({"inputs":"x"})", "x-api-key: " + alice + "\r\n"));
      server.await_run();
      of_alice.send(post_json(each.path, forty(each.of_alice), "x-api-key: " + alice + "\r\n"));
      of_bob.send(post_json(each.path, forty(each.of_bob), "x-api-key: " + bob + "\r\n"));
      await([&] { return server.stats().queued >= 80; });
      use(server, after);
      CHECK(http_client(server.port()).ask(get("/health")).status == 200);  // so it has been used
      server.release_model();
      CHECK(of_alice.receive().status == 200);
      CHECK(of_bob.receive().status == 200);
      const auto order = server.texts_in_order();
      const auto of_first_forty = std::count(order.begin() + 1, order.begin() + 41, "b");
      CHECK(of_first_forty >= (after == "3" ? 29 : 19));
      CHECK(of_first_forty <= (after == "3" ? 31 : 21));
    }
  }
}

TEST_CASE("a request's key is told nowhere, its name in the access log") {
  const temporary_folder folder;
  const key_file file("alice " + alice);
  const auto log = folder.path() / "log";
  {
    test_server server({}, {}, {.log = std::make_shared<access_log>(log.string())});
    server.set_keys(file.path());
    http_client client(server.port());
    CHECK(status(client, "Authorization: Bearer " + alice + "\r\n") == 200);
    CHECK(status(client, "Authorization: Bearer " + bob + "\r\n") == 401);
  }
  std::ifstream in(log);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  CHECK(mentions(text, R"("client":"alice")"));
  CHECK_FALSE(mentions(text, alice));
  CHECK_FALSE(mentions(text, bob));
}
