// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/tls.hpp"

#include "support/await.hpp"
#include "support/certificate.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_client.hpp"
#include "test_server.hpp"

#include <memory>
#include <stdexcept>
#include <string>

using namespace embed_server;
using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

const std::string question = post_json("/embed", R"({"text":"hi"})");
const std::string right_answer = R"({"embedding":[2,104,105,1]})";

// Files with a certificate and its key that live as long as this.
class certificate_files {
 public:
  explicit certificate_files(const certificate& made) {
    folder_.write("chain.pem", made.chain);
    folder_.write("key.pem", made.key);
  }
  std::string chain() const { return (folder_.path() / "chain.pem").string(); }
  std::string key() const { return (folder_.path() / "key.pem").string(); }
  std::shared_ptr<boost::asio::ssl::context> load() const { return load_tls(chain(), key()); }

 private:
  temporary_folder folder_;
};

std::string refusal(const std::string& certificate, const std::string& key) {
  try {
    load_tls(certificate, key);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "was not refused";
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("over TLS everything is as without, in versions 1.3 and 1.2") {
  const certificate_files files(make_certificate("first"));
  test_server server;
  server.set_tls(files.load());
  tls_client newest(server.port()), older(server.port(), TLS1_2_VERSION);
  CHECK(newest.version() == "TLSv1.3");
  CHECK(older.version() == "TLSv1.2");
  for (int i = 0; i < 3; ++i) {
    CHECK(newest.ask(question).body == right_answer);
    CHECK(older.ask(question).body == right_answer);
  }
  std::string list = "[\"0\"";
  for (int i = 1; i < 2000; ++i) list += ",\"a longer text\"";
  CHECK(newest.ask(post_json("/embed", R"({"inputs":)" + list + "]}")).body.size() > 20'000);
}

TEST_CASE("versions before 1.2 are refused") {
  const certificate_files files(make_certificate("first"));
  test_server server;
  server.set_tls(files.load());
  CHECK_THROWS_AS(tls_client(server.port(), TLS1_1_VERSION), std::runtime_error);
  CHECK(tls_client(server.port()).ask(question).status == 200);
}

TEST_CASE("another certificate is shown to new connections, and old ones are not cut") {
  const certificate_files first(make_certificate("first")), second(make_certificate("second"));
  test_server server;
  server.set_tls(first.load());
  tls_client old(server.port());
  CHECK(old.ask(question).status == 200);
  server.set_tls(second.load());
  CHECK(old.ask(question).status == 200);
  CHECK(old.server_name() == "first");
  CHECK(tls_client(server.port()).server_name() == "second");
}

TEST_CASE("H3: the header guard holds over TLS, too") {
  const certificate_files files(make_certificate("first"));
  test_server server;
  server.set_tls(files.load());
  for (const std::string fields : {"Host: a\r\nHost: b\r\n", "Host: a\r\nTransfer-Encoding: xchunked\r\n",
                                   "Host: a\r\nX: b\r\n folded\r\n"}) {
    tls_client client(server.port());
    const int status =
        client.ask("POST /embed HTTP/1.1\r\n" + fields + "\r\nGET /health HTTP/1.1\r\n\r\n").status;
    CHECK((status == 400 || status == 501));
    CHECK(client.closed_by_server());
  }
}

TEST_CASE("who does not speak TLS on its port is cut off, and others are served") {
  const certificate_files files(make_certificate("first"));
  test_server server({.handshake_time = 100ms});
  server.set_tls(files.load());
  http_client plain(server.port());
  plain.send(get("/health"));
  CHECK_FALSE(mentions(plain.receive_all(), "HTTP/1.1"));
  http_client silent(server.port());
  CHECK(silent.closed_by_server());
  CHECK(tls_client(server.port()).ask(question).status == 200);
}

TEST_CASE("H13: a client that ends its TLS session while its request waits is not computed for") {
  const certificate_files files(make_certificate("first"));
  test_server server({}, {.max_batch_size = 1});
  server.set_tls(files.load());
  server.hold_model();
  tls_client running(server.port());
  running.send(question);
  server.await_run();
  {
    tls_client waiting(server.port());
    waiting.send(question);
    await([&] { return server.stats().queued > 0; });
    waiting.say_goodbye();
  }
  await([&] { return server.stats().cancelled > 0; });
  server.release_model();
  CHECK(running.receive().body == right_answer);
  CHECK(server.texts_run() == 1);
}

TEST_CASE("requests that come at once are answered in order") {
  const certificate_files files(make_certificate("first"));
  test_server server;
  server.set_tls(files.load());
  tls_client client(server.port());
  client.send(question + question + get("/health"));
  CHECK(client.receive().body == right_answer);
  CHECK(client.receive().body == right_answer);
  CHECK(client.receive().body == R"({"status":"ok"})");
}

TEST_CASE("P1: connections over TLS are ended in good order, too") {
  const certificate_files files(make_certificate("first"));
  test_server server;
  server.set_tls(files.load());
  tls_client client(server.port());
  CHECK(client.ask(question).status == 200);
  server.signal();
  CHECK(server.wait());
  CHECK(client.closed_by_server());
}

TEST_CASE("certificates and keys that cannot be used are refused with file and cause") {
  const certificate_files good(make_certificate("good")), other(make_certificate("other")),
      locked(make_certificate("locked", "secret"));
  const temporary_folder folder;
  const auto junk = folder.write("junk.pem", "no certificate").string();
  CHECK_NOTHROW(load_tls(good.chain(), good.key()));
  CHECK(refusal("/nowhere/chain.pem", good.key()) ==
        "/nowhere/chain.pem cannot be read: No such file or directory");
  CHECK(refusal(good.chain(), "/nowhere/key.pem") ==
        "/nowhere/key.pem cannot be read: No such file or directory");
  CHECK(mentions(refusal(junk, good.key()), "junk.pem holds no certificate in PEM"));
  CHECK(mentions(refusal(good.chain(), junk), "junk.pem holds no private key in PEM"));
  CHECK(mentions(refusal(good.chain(), other.key()), "key.pem holds no private key in PEM"));
  CHECK(mentions(refusal(good.chain(), other.key()), "mismatch"));
  const auto another_kind = folder.write("ed25519.pem", make_ed25519_key()).string();
  CHECK(mentions(refusal(good.chain(), another_kind), "ed25519.pem holds no private key in PEM"));
  CHECK(mentions(refusal(locked.chain(), locked.key()), "without a password"));
}
