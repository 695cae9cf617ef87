// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/access_log.hpp"

#include "log_watch.hpp"
#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/temporary_folder.hpp"
#include "test_server.hpp"

#include <boost/json/parse.hpp>

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace embed_server;
using namespace carpool::test;

namespace {

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What the server logs of these requests, each on a connection of its own.
std::vector<boost::json::object> logged(const std::vector<std::string>& requests) {
  const temporary_folder folder;
  {
    test_server server({}, {}, {.log = std::make_shared<access_log>((folder.path() / "log").string())});
    for (const auto& request : requests) http_client(server.port()).ask(request);
  }
  std::vector<boost::json::object> lines;
  std::ifstream in(folder.path() / "log");
  for (std::string line; std::getline(in, line);) lines.push_back(boost::json::parse(line).as_object());
  return lines;
}

// While it lives, files cannot become larger than this.
class full_disk {
 public:
  explicit full_disk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);  // which says the same with more force
    getrlimit(RLIMIT_FSIZE, &usual_);
    const rlimit small{bytes, usual_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~full_disk() { setrlimit(RLIMIT_FSIZE, &usual_); }

 private:
  rlimit usual_{};
};

}  // namespace

TEST_CASE("lines are appended to the file in their order") {
  const temporary_folder folder;
  const auto file = folder.write("log", "before\n");
  {
    access_log log(file.string());
    log.add("one");
    log.add("two");
  }
  CHECK(content(file) == "before\none\ntwo\n");
}

TEST_CASE("after a rotation lines go to a new file of the same name") {
  const temporary_folder folder;
  const auto file = folder.path() / "log", rotated = folder.path() / "log.1";
  {
    access_log log(file.string());
    log.add("one");
    await([&] { return !content(file).empty(); });
    std::filesystem::rename(file, rotated);
    log.reopen();
    log.add("two");
  }
  CHECK(content(rotated) == "one\n");
  CHECK(content(file) == "two\n");
}

TEST_CASE("a file that cannot be opened again is written on as it is") {
  const temporary_folder folder;
  const auto file = folder.path() / "log", rotated = folder.path() / "log.1";
  {
    access_log log(file.string());
    std::filesystem::rename(file, rotated);
    std::filesystem::create_directory(file);
    log.reopen();
    log.add("one");
  }
  CHECK(content(rotated) == "one\n");
}

TEST_CASE("a file that cannot be written is refused with its name and the cause") {
  CHECK_THROWS_WITH_AS(access_log("/nowhere/log"),
                       "cannot write the access log /nowhere/log: No such file or directory",
                       std::runtime_error);
}

TEST_CASE("P3: a pipe that nobody reads is refused, rather than waited for") {
  const temporary_folder folder;
  const auto pipe = (folder.path() / "pipe").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(access_log{pipe},
                       ("cannot write the access log " + pipe + ": it is a pipe that nobody reads").c_str(),
                       std::runtime_error);
}

TEST_CASE("P5: a writer that is stuck holds nobody up: lines are dropped, and counted") {
  const temporary_folder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::signal(SIGPIPE, SIG_IGN);  // as the server does
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  {
    access_log log(pipe.string());
    const std::string line(1000, 'x');
    while (log.dropped() == 0) log.add(line);
    CHECK(log.dropped() > 0);
    ::close(reader);  // lets the writer go
  }
}

TEST_CASE("P5: a writer that stays stuck does not hold up the end") {
  log_watch quiet;
  const temporary_folder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::signal(SIGPIPE, SIG_IGN);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  {
    access_log log(pipe.string());
    const std::string line(1000, 'x');
    while (log.dropped() == 0) log.add(line);
  }
  ::close(reader);  // nothing has been read
}

TEST_CASE(
    "P5: a slow reader of a pipe loses nothing, not even of lines that a pipe does not take in one piece") {
  const temporary_folder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::signal(SIGPIPE, SIG_IGN);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const std::string line(9999, 'x');  // longer than what a pipe takes in one piece
  std::string expected, received;
  {
    access_log log(pipe.string());
    for (int i = 0; i < 100; ++i) {
      log.add(line);
      expected += line + '\n';
    }
    log.add("the end");  // which comes even if something before it does not
    expected += "the end\n";
    std::string bytes(65'536, ' ');
    while (!received.ends_with("the end\n") && log.dropped() == 0)
      if (const auto size = ::read(reader, bytes.data(), bytes.size()); size > 0)
        received.append(bytes, 0, static_cast<std::size_t>(size));
    CHECK(log.dropped() == 0);
  }
  CHECK((received == expected));  // nobody wants to see them
  ::close(reader);
}

TEST_CASE("P5: a full disk costs lines and nothing else") {
  access_log log("/dev/full");
  log.add("one");
  await([&] { return log.dropped() > 0; });
  CHECK(log.dropped() == 1);
}

TEST_CASE("P5: a line that a full disk has cut off does not spoil the next one") {
  log_watch quiet;
  const temporary_folder folder;
  const auto file = folder.path() / "log";
  {
    access_log log(file.string());
    {
      const full_disk at{100};
      log.add(std::string(79, 'a'));
      log.add(std::string(79, 'b'));
      await([&] { return log.dropped() > 0; });
    }
    log.add("c");
  }
  CHECK(content(file) == std::string(79, 'a') + '\n' + std::string(20, 'b') + "\nc\n");
}

TEST_CASE("each request is logged, refused ones too") {
  const auto lines = logged({post_json("/embed", R"({"inputs":["a","bc"]})", "x-request-id: abc\r\n"),
                             get("/nowhere"), get("/a b"), post_json("/v1/embeddings", "{")});
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].at("request_id") == "abc");
  CHECK(lines[0].at("address") == "127.0.0.1");
  CHECK(lines[0].at("method") == "POST");
  CHECK(lines[0].at("status") == 200);
  CHECK(lines[0].at("model") == "fake");
  CHECK(lines[0].at("texts") == 2);
  CHECK(lines[0].at("tokens") == 3);
  CHECK(lines[0].at("bytes_received") == 21);
  CHECK(lines[0].at("bytes_sent") == 25);
  CHECK(lines[0].contains("model_us"));
  CHECK(lines[1].at("path") == "/nowhere");
  CHECK(lines[1].at("status") == 404);
  CHECK_FALSE(lines[1].contains("model"));
  CHECK(lines[2].at("status") == 400);
  CHECK(lines[3].at("status") == 400);
  CHECK_FALSE(lines[3].contains("texts"));
}

TEST_CASE("H13: a client that did not wait for its answer is logged with nginx's status 499") {
  const temporary_folder folder;
  {
    test_server server({}, {.max_batch_size = 1},
                       {.log = std::make_shared<access_log>((folder.path() / "log").string())});
    server.hold_model();
    {
      http_client client(server.port());
      client.send(post_json("/embed", R"({"text":"hi"})"));
      server.await_run();
    }
    await([&] { return server.stats().cancelled > 0; });
  }
  CHECK(content(folder.path() / "log").find(R"("status":499,"model":"fake")") != std::string::npos);
}

TEST_CASE("lost lines are told in the metrics, if there is a log") {
  const temporary_folder folder;
  spdlog::default_logger();  // made before two servers use it: ThreadSanitizer does not see into spdlog
  test_server with({}, {}, {.log = std::make_shared<access_log>((folder.path() / "log").string())});
  test_server without;
  const auto told = [](test_server& server) {
    return http_client(server.port())
               .ask(get("/metrics"))
               .body.find("\ncarpool_access_log_dropped_total 0\n") != std::string::npos;
  };
  CHECK(told(with));
  CHECK_FALSE(told(without));
}
