// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// embed_server --check, with all in order and with one thing after the other that is not.

#include "support/certificate.hpp"
#include "support/doctest.hpp"
#include "support/server_process.hpp"
#include "support/temporary_folder.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

using namespace carpool::test;

namespace {

struct verdict {
  int status;
  std::string text;

  bool says(const std::string& words) const { return text.find(words) != text.npos; }
};

verdict run(const std::vector<std::string>& command) {
  server_process program(command);
  const int status = program.wait();
  return {status, program.log()};
}

verdict check(std::vector<std::string> options) {
  options.insert(options.begin(), {CARPOOL_EMBED_SERVER, "--check", "--threads", "1"});
  return run(options);
}

// Somebody who listens on a port.
class taken_port {
 public:
  taken_port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, any, size) != 0 || ::listen(socket_, 1) != 0 ||
        ::getsockname(socket_, any, &size) != 0)
      throw std::runtime_error("no free port");
    port_ = ntohs(address.sin_port);
  }
  ~taken_port() { ::close(socket_); }
  taken_port(const taken_port&) = delete;
  taken_port& operator=(const taken_port&) = delete;

  std::string number() const { return std::to_string(port_); }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

// A copy of the default model, but for its weights and vocabulary.
void copy_configuration(const std::filesystem::path& to) {
  for (const auto& file : std::filesystem::directory_iterator(CARPOOL_TEST_MINILM))
    if (file.is_directory() || (file.path().extension() == ".json" && file.path().stem() != "tokenizer"))
      std::filesystem::copy(file.path(), to / file.path().filename(),
                            std::filesystem::copy_options::recursive);
}

}  // namespace

TEST_CASE("--check tells what is there, and that the server can start") {
  const temporary_folder folder;
  const auto made = make_certificate("here");
  const auto chain = folder.write("chain.pem", made.chain), key = folder.write("key.pem", made.key),
             keys = folder.write("keys", "alice alice-0123456789\nbob bob-0123456789abc admin\n"),
             log = folder.path() / "log", socket = folder.path() / "socket";
  const auto good = check({"--port", "0", "--device", "cpu", "--api-keys", keys.string(), "--access-log",
                           log.string(), "--unix-socket", socket.string(), "--tls-certificate",
                           chain.string(), "--tls-key", key.string()});
  INFO(good.text);
  CHECK(good.status == 0);
  for (const std::string subject :
       {"CPU", "memory", "files", "locked memory", "libtorch", "CUDA", "devices", "configuration",
        "tokeniser", "weights", "model", "port", "Unix socket", "TLS", "keys", "access log"})
    CHECK(good.says("ok     " + subject + ' '));
  CHECK_FALSE(good.says("wrong "));
  CHECK(good.says("model.safetensors, "));
  CHECK(good.says("all-MiniLM-L6-v2 runs, on cpu, "));
  CHECK(good.says("2 keys"));
  CHECK(good.text.ends_with("\nThe server can start.\n"));
  CHECK_FALSE(std::filesystem::exists(log));
  CHECK_FALSE(std::filesystem::exists(socket));
}

TEST_CASE("--check tells everything that is wrong at once, each in a sentence") {
  const temporary_folder folder;
  const taken_port taken;
  const auto keys = folder.write("keys", "alice short\n");
  const auto bad = check({"--port", taken.number(), "--device", "abacus", "--api-keys", keys.string(),
                          "--access-log", "/nowhere/log", "--tls-certificate", "/nowhere/chain.pem",
                          "--tls-key", "/nowhere/key.pem", "--model", "/nowhere/model"});
  INFO(bad.text);
  CHECK(bad.status == 1);
  CHECK(bad.says("wrong  devices       model_options::device is \"abacus\""));
  CHECK(bad.says("wrong  configuration /nowhere/model is not a folder"));
  CHECK(bad.says("wrong  weights       /nowhere/model/model.safetensors: there is no such file"));
  CHECK(bad.says("wrong  port          cannot listen on 127.0.0.1:" + taken.number() +
                 ": Address already in use by process " + std::to_string(::getpid()) + " ("));
  CHECK(bad.says("wrong  TLS           /nowhere/chain.pem cannot be read"));
  CHECK(bad.says("wrong  keys          " + keys.string() +
                 ", line 1: the key must have at least 16 characters"));
  CHECK(bad.says("wrong  access log    cannot write the access log /nowhere/log: No such file"));
  CHECK(bad.text.ends_with("\n7 things are wrong.\n"));
}

TEST_CASE("--check names the files of a model that are missing or damaged") {
  const temporary_folder folder;
  copy_configuration(folder.path());
  folder.write("model.safetensors", "damaged");
  const auto bad = check({"--port", "0", "--device", "cpu", "--model", folder.path().string()});
  INFO(bad.text);
  CHECK(bad.status == 1);
  CHECK(bad.says("wrong  tokeniser     " + folder.path().string() +
                 ": there is neither tokenizer.json nor vocab.txt"));
  CHECK(bad.says("wrong  weights       " + (folder.path() / "model.safetensors").string() +
                 ": the file is too short for a header length"));
  CHECK_FALSE(bad.says(" model "));
  CHECK(bad.text.ends_with("\n2 things are wrong.\n"));
}

TEST_CASE("--check looks at a classifier, too") {
  const auto good =
      check({"--port", "0", "--device", "cpu", "--model", CARPOOL_TEST_GOLDENS "/classifier/reranker"});
  INFO(good.text);
  CHECK(good.status == 0);
  CHECK(good.says("reranker runs, on cpu, "));
}

TEST_CASE("--check finds a limit on open files that is too low") {
  const auto bad = run({"/bin/sh", "-c", "ulimit -n 100 && exec \"$0\" \"$@\"", CARPOOL_EMBED_SERVER,
                        "--check", "--threads", "1", "--port", "0", "--device", "cpu"});
  INFO(bad.text);
  CHECK(bad.status == 1);
  CHECK(bad.says("wrong  files         this process may have 100 files open, which is too few"));
  CHECK(bad.text.ends_with("\n1 thing is wrong.\n"));
}

TEST_CASE("--check finds a certificate that has expired") {
  const temporary_folder folder;
  const auto made = make_certificate("here", nullptr, -60);
  const auto chain = folder.write("chain.pem", made.chain), key = folder.write("key.pem", made.key);
  const auto bad = check(
      {"--port", "0", "--device", "cpu", "--tls-certificate", chain.string(), "--tls-key", key.string()});
  INFO(bad.text);
  CHECK(bad.status == 1);
  CHECK(bad.says("wrong  TLS           " + chain.string() + " has expired"));
}

TEST_CASE("--check knows who listens on a Unix socket") {
  const temporary_folder folder;
  const auto socket = (folder.path() / "socket").string();
  server_process server({CARPOOL_EMBED_SERVER, "--threads", "1", "--device", "cpu", "--unix-socket", socket});
  server.await_line("listening on unix:");
  const auto bad = check({"--device", "cpu", "--unix-socket", socket});
  INFO(bad.text);
  CHECK(bad.status == 1);
  CHECK(bad.says("cannot listen on " + socket + ": process " + std::to_string(server.id()) +
                 " (embed_server) listens there"));
  CHECK(std::filesystem::exists(socket));
}
