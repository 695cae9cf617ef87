// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What stands between the network and the model of the real server: sockets, TLS, logs, a file of options.

#include "support/await.hpp"
#include "support/certificate.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/server_process.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_client.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace carpool::test;

namespace {

const std::string question = post_json("/embed", R"({"text":"share the ride"})");

std::vector<std::string> with_options(std::vector<std::string> options) {
  options.insert(options.begin(), {CARPOOL_EMBED_SERVER, "--threads", "1", "--device", "cpu"});
  return options;
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

// The access log is written by a thread of its own, which may come after the answer.
void await_mention(const std::filesystem::path& file, const std::string& part) {
  await([&] { return mentions(content(file), part); });
}

}  // namespace

TEST_CASE("a Unix socket is listened on in place of a port, and its file goes with the server") {
  const temporary_folder folder;
  const auto socket = folder.path() / "socket";
  server_process server(with_options({"--unix-socket", socket.string()}));
  CHECK(server.await_line("listening on unix:") == socket.string());
  INFO(server.log());
  CHECK_FALSE(mentions(server.log(), "listening on http"));
  CHECK(http_client(socket).ask(question).status == 200);
  server.signal(SIGTERM);
  CHECK(server.wait() == 0);
  CHECK_FALSE(std::filesystem::exists(socket));
}

TEST_CASE("a server that was killed leaves a socket file, and the next one replaces it") {
  const temporary_folder folder;
  const auto socket = folder.path() / "socket";
  {
    server_process killed(with_options({"--unix-socket", socket.string()}));
    killed.await_line("listening on unix:");
  }
  CHECK(std::filesystem::is_socket(socket));
  server_process server(with_options({"--unix-socket", socket.string(), "--port", "0"}));
  CHECK(http_client(server.port()).ask(get("/health")).status == 200);
  server.await_line("listening on unix:");
  CHECK(http_client(socket).ask(get("/health")).status == 200);
}

TEST_CASE("SIGHUP shows another certificate, and opens the access log again") {
  const temporary_folder folder;
  const auto use = [&](const certificate& made) {
    folder.write("chain.pem", made.chain);
    folder.write("key.pem", made.key);
  };
  use(make_certificate("first"));
  const auto log = folder.path() / "log", rotated = folder.path() / "log.1";
  server_process server(with_options({"--port", "0", "--access-log", log.string(), "--tls-certificate",
                                      (folder.path() / "chain.pem").string(), "--tls-key",
                                      (folder.path() / "key.pem").string()}));
  const auto port =
      static_cast<std::uint16_t>(std::stoi(server.await_line("listening on https://127.0.0.1:")));
  tls_client old(port);
  CHECK(old.server_name() == "first");
  CHECK(old.ask(question).status == 200);
  await_mention(log, R"("path":"/embed","status":200,"model":"all-MiniLM-L6-v2","texts":1,)");

  folder.write("key.pem", "no key");
  server.signal(SIGHUP);
  CHECK(
      mentions(server.await_line("certificate and key stay as they were: "), "key.pem holds no private key"));
  CHECK(tls_client(port).server_name() == "first");

  std::filesystem::rename(log, rotated);
  use(make_certificate("second"));
  server.signal(SIGHUP);
  server.await_line("read the certificate in ");
  CHECK(tls_client(port).server_name() == "second");
  CHECK(old.ask(get("/health")).status == 200);
  server.signal(SIGTERM);
  CHECK(server.wait() == 0);
  CHECK(mentions(content(rotated), R"("path":"/embed","status":200)"));
  CHECK(mentions(content(log), R"("path":"/health","status":200)"));
}

TEST_CASE("options may come from a file, and those of the command line go before") {
  const temporary_folder folder;
  const auto file = folder.write("options",
                                 "# for the test\n"
                                 "port=1\n"
                                 "threads=1\n"
                                 "device=cpu\n"
                                 "metrics-compat=[\"tei\",\"triton\"]\n"
                                 "requests-per-minute=1\n");
  server_process server({CARPOOL_EMBED_SERVER, "--config", file.string(), "--port", "0"});
  const auto port = server.port();
  CHECK(http_client(port).ask(question).status == 200);
  CHECK(http_client(port).ask(question).status == 429);
  const auto metrics = http_client(port).ask(get("/metrics")).body;
  CHECK(mentions(metrics, "\nte_request_count{model=\"all-MiniLM-L6-v2\"} 1\n"));
  CHECK(mentions(metrics, "\nnv_inference_count{model=\"all-MiniLM-L6-v2\",version=\"1\"} "));
}
