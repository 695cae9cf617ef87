// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/api_keys.hpp"

#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/temporary_folder.hpp"
#include "test_server.hpp"

#include <filesystem>
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

int status(http_client& client, const std::string& fields) {
  return client.ask(post_json("/embed", R"({"text":"hi"})", fields)).status;
}

}  // namespace

TEST_CASE("a key is known by its digest, which the file may hold in its place") {
  const key_file file("# who may\n\nalice " + alice +
                      "\nbob sha256:d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35\n");
  const api_keys keys = file.read();
  CHECK(keys.required());
  const auto* first = keys.find(alice);
  const auto* second = keys.find("2");  // whose digest that is
  REQUIRE(first != nullptr);
  REQUIRE(second != nullptr);
  CHECK(first->name == "alice");
  CHECK(first->id != 0);
  CHECK(first->id != second->id);
  CHECK(file.read().find(alice)->id == first->id);
  CHECK(keys.find("alice") == nullptr);
  CHECK(keys.find("") == nullptr);
  CHECK_FALSE(api_keys{}.required());
}

TEST_CASE("a bad file of keys is refused with its line, and without a key") {
  CHECK(mentions(refusal("alice short"), "line 1: the key must have at least 16 characters"));
  CHECK_FALSE(mentions(refusal("alice short"), "short"));
  CHECK(mentions(refusal("a " + alice + "\nb"), "line 2: must be a name and a key"));
  CHECK(mentions(refusal("a " + alice + " " + bob),
                 "line 1: what follows a key must be admin, requests_per_minute=N"));
  CHECK(mentions(refusal("a sha256:12"), "64 hexadecimal digits"));
  CHECK(mentions(refusal("a sha256:" + std::string(64, 'g')), "64 hexadecimal digits"));
  CHECK(mentions(refusal("a " + alice + "\na " + bob), "line 2: the name a is given more than once"));
  CHECK(mentions(refusal("a " + alice + "\nb " + alice), "line 2: has the key of a"));
  CHECK(mentions(refusal("# nobody\n"), "holds no keys"));
  CHECK_THROWS_AS(api_keys::read("/nowhere/keys"), std::runtime_error);
}

TEST_CASE("a key may have limits of its own") {
  const api_keys keys =
      key_file("alice " + alice + " tokens_per_minute=4294967295 requests_per_minute=60\nbob " + bob).read();
  CHECK(keys.find(alice)->rates.requests == 60u);
  CHECK(keys.find(alice)->rates.tokens == 4'294'967'295u);
  CHECK_FALSE(keys.find(bob)->rates.requests);
  for (const std::string value : {"", "=", "=0", "=-1", "=1.5", "=many", "=60s", "=4294967296"})
    CHECK(mentions(refusal("alice " + alice + " requests_per_minute" + value),
                   "line 1: requests_per_minute must be a whole number from 1 to 4294967295"));
  CHECK(mentions(refusal("alice " + alice + " tokens_per_minute=1 tokens_per_minute=2"),
                 "tokens_per_minute is given more than once"));
}

TEST_CASE("a key may be marked as an admin's") {
  const api_keys keys = key_file("alice " + alice + " tokens_per_minute=9 admin\nbob " + bob).read();
  CHECK(keys.find(alice)->admin);
  CHECK(keys.find(alice)->rates.tokens == 9u);
  CHECK_FALSE(keys.find(bob)->admin);
  CHECK(mentions(refusal("alice " + alice + " admin admin"), "line 1: admin is given more than once"));
  CHECK(mentions(refusal("alice " + alice + " Admin"), "line 1: what follows a key must be admin, "));
}

TEST_CASE("who has no key is refused before the body is read, in the words of the path's clients") {
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
  http_client another(server.port());
  CHECK(another.ask(post_json("/embed", "{}", "Authorization: Bearer wrong\r\n")).status == 401);
  CHECK(mentions(http_client(server.port()).ask(get("/v2/models/fake")).body, R"({"error":")"));
}

TEST_CASE("a key is taken from Authorization, with or without its scheme, or from x-api-key") {
  const key_file file("alice " + alice + "\nbob " + bob);
  test_server server;
  server.set_keys(file.path());
  http_client client(server.port());
  CHECK(status(client, "Authorization: Bearer " + alice + "\r\n") == 200);
  CHECK(status(client, "Authorization: bearer " + bob + "\r\n") == 200);
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
