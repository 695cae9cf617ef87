// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What clients should not do, and what the server does then. H rows are those of the list of faults.

#include "log_watch.hpp"
#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/resident_memory.hpp"
#include "test_server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

const std::string question = post_json("/embed", R"({"text":"hi"})");
const std::string right_answer = R"({"embedding":[2,104,105,1]})";
const std::string chunked_header =
    "POST /embed HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nTransfer-Encoding: "
    "chunked\r\n\r\n";

bool alive(const test_server& server) {
  return http_client(server.port()).ask(question).body == right_answer;
}

// Whether the server answers with this status, then closes the connection without looking at what follows.
bool refused_and_closed(const test_server& server, const std::string& request, int status) {
  http_client client(server.port());
  client.send(request + get("/health"));
  const auto answer = client.receive();
  CAPTURE(answer.body);
  return answer.status == status && answer.field("connection") == "close" && client.closed_by_server();
}

// While it lives, this process has no file descriptor left but one.
class file_shortage {
 public:
  file_shortage() {
    getrlimit(RLIMIT_NOFILE, &usual_);
    const rlimit few{std::min<rlim_t>(usual_.rlim_cur, 256), usual_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    for (int file; (file = dup(STDERR_FILENO)) >= 0;) files_.push_back(file);
    REQUIRE(!files_.empty());
    close(files_.back());
    files_.pop_back();
  }
  ~file_shortage() {
    setrlimit(RLIMIT_NOFILE, &usual_);
    for (const int file : files_) close(file);
  }

 private:
  rlimit usual_{};
  std::vector<int> files_;
};

}  // namespace

TEST_CASE("H1: a client that does not come to the point is closed at the deadline of its phase") {
  test_server server({.header_time = 50ms, .body_time = 50ms, .idle_time = 50ms, .goodbye_time = 50ms});
  http_client silent(server.port()), in_header(server.port()), in_body(server.port()), idle(server.port());
  in_header.send("GET /health HTTP/1.1\r\nHo");
  in_body.send("POST /embed HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
  CHECK(idle.ask(get("/health")).status == 200);
  CHECK(silent.closed_by_server());
  CHECK(in_header.closed_by_server());
  CHECK(in_body.closed_by_server());
  CHECK(idle.closed_by_server());
}

TEST_CASE("H1: the time that the server takes is not counted as the client's") {
  test_server server({.header_time = 300ms, .body_time = 300ms, .idle_time = 300ms});
  http_client patient(server.port());
  server.hold_model();
  patient.send(question);
  server.await_run();
  CHECK(http_client(server.port()).closed_by_server());  // its time is over, and so is all before
  server.release_model();
  CHECK(patient.receive().body == right_answer);
}

TEST_CASE("H1: a client that does not read its answers is closed when the time to write them is over") {
  test_server server({.write_time = 50ms});
  http_client deaf(server.port()), watching(server.port());
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += get("/dashboard");  // more than sockets hold
  deaf.send(requests);
  const std::string closed = "carpool_http_connections{state=\"active\"} 1\n";  // the one that asks
  const std::string none_idle = "carpool_http_connections{state=\"idle\"} 0\n";
  for (std::string text; text.find(closed) == text.npos || text.find(none_idle) == text.npos;)
    text = watching.ask(get("/metrics")).body;
  CHECK(alive(server));
}

TEST_CASE("H2: a chunked body that arrives byte by byte is understood") {
  test_server server;
  http_client client(server.port());
  client.dribble(chunked_header + "6\r\n{\"text\r\n7\r\n\":\"hi\"}\r\n0\r\n\r\n");
  CHECK(client.receive().body == right_answer);
  client.dribble(chunked_header + "0\r\n\r\n");
  CHECK(client.receive().status == 400);
  client.dribble(question);
  CHECK(client.receive().body == right_answer);
}

TEST_CASE("H3: what could hide a second request is refused, and nothing after it is parsed") {
  test_server server;
  const std::string start = "POST /embed HTTP/1.1\r\nHost: a\r\n";
  for (const std::string coding :
       {"xchunked", "identity", "chunked, gzip", "gzip, chunked", "chunked, chunked", "chunked;q=1"})
    CHECK(refused_and_closed(server, start + "Transfer-Encoding: " + coding + "\r\n\r\n0\r\n\r\n", 501));
  CHECK(refused_and_closed(server, start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
                           400));
  CHECK(refused_and_closed(server, start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", 400));
  CHECK(refused_and_closed(server, "POST /embed HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400));
  CHECK(refused_and_closed(server, start + "Host: b\r\nContent-Length: 0\r\n\r\n", 400));
  CHECK(
      refused_and_closed(server, "POST /embed HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400));
  CHECK(refused_and_closed(server, start + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", 400));
  CHECK(refused_and_closed(server, "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 400));
  CHECK(refused_and_closed(server, "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400));
  CHECK(refused_and_closed(server, "get /health HTTP/1.1\r\nHost: a\r\n\r\n", 501));
  CHECK(refused_and_closed(server, start + "\r\n", 411));
  for (const std::string chunk : {"x\r\n", "-1\r\n", "0x1\r\na\r\n", "1\r\nab\r\n", "1\na\r\n", " 1\r\na\r\n",
                                  "1;\x01\r\na\r\n", "fffffffffffffffff\r\n"})
    CHECK(refused_and_closed(server, chunked_header + chunk, 400));
  CHECK(alive(server));
}

TEST_CASE("H4: a trailer changes nothing") {
  test_server server;
  http_client client(server.port());
  client.send(
      chunked_header +
      "d\r\n{\"text\":\"hi\"}\r\n0\r\nHost: b\r\nContent-Type: text/plain\r\nX-Request-Id: trailer\r\n"
      "Connection: close\r\nX-Request-Timeout-Ms: 0\r\n\r\n");
  const auto answer = client.receive();
  CHECK(answer.body == right_answer);
  CHECK(answer.field("x-request-id") != "trailer");
  CHECK(client.ask(question).body == right_answer);
}

TEST_CASE("H5: a body that is too large is refused before it is read") {
  test_server server;
  CHECK(refused_and_closed(server, "POST /embed HTTP/1.1\r\nHost: a\r\nContent-Length: 10737418240\r\n\r\n",
                           413));
  CHECK(alive(server));
}

TEST_CASE("H5: an endless chunked body and one of a million chunks are cut off, and cost no memory") {
  test_server server({.body_size = 100'000, .body_chunks = 1000});
  const std::string endless_chunk = "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
  std::string tiny_chunks;
  for (int i = 0; i < 1001; ++i) tiny_chunks += "1\r\nx\r\n";
  const auto attack = [&] {
    http_client endless(server.port());
    endless.send(chunked_header);
    for (int i = 0; i < 26; ++i) endless.send(endless_chunk);
    CHECK(endless.receive().status == 413);
    http_client many(server.port());
    many.send(chunked_header + tiny_chunks);
    CHECK(many.receive().status == 400);
  };
  for (int i = 0; i < 10; ++i) attack();
  const long before = resident_kilobytes();
  for (int i = 0; i < 100; ++i) attack();
  const long growth = resident_kilobytes() - before;
  if (!under_sanitizers) CHECK(growth < 1024);
  CHECK(alive(server));
}

TEST_CASE("H5: a chunk extension or a trailer without an end is cut off") {
  test_server server({.header_size = 1000, .body_time = 2s});
  for (const std::string start : {"1;", "0\r\nX: "}) {
    http_client client(server.port());
    client.send(chunked_header + start);
    for (int i = 0; i < 20; ++i) client.send(std::string(1000, 'x'));
    CHECK(client.receive().status == 431);
    CHECK(client.closed_by_server());
  }
  http_client client(server.port());
  CHECK(client.ask(chunked_header + "0\r\nX: " + std::string(1500, 'x') + "\r\n\r\n").status == 431);
}

TEST_CASE("chunk extensions and trailers of a usual size are understood") {
  test_server server({.header_size = 1000});
  http_client client(server.port());
  const std::string extension = ";x=" + std::string(500, 'x'), trailer = "X: " + std::string(500, 'x');
  client.send(chunked_header + "d" + extension + "\r\n{\"text\":\"hi\"}\r\n0\r\n" + trailer + "\r\n\r\n");
  CHECK(client.receive().body == right_answer);
}

TEST_CASE("H8: hostile JSON is refused in each family's words") {
  test_server server;
  http_client client(server.port());
  const std::string deep = R"({"inputs":)" + std::string(250'000, '[');
  for (const std::string& body :
       {deep, std::string(R"({"inputs":"a","x":1e999})"), std::string("{\"inputs\":\"\xff\"}"),
        std::string(R"({"inputs":"\udc00"})"), std::string("\xef\xbb\xbf{\"inputs\":\"a\"}")}) {
    const auto tei = client.ask(post_json("/embed", body));
    CHECK(tei.status == 400);
    CHECK(tei.body.starts_with(R"({"error":"the body is not valid JSON)"));
    const auto openai = client.ask(post_json("/v1/embeddings", body));
    CHECK(openai.status == 400);
    CHECK(openai.body.starts_with(R"({"error":{"message":"the body is not valid JSON)"));
  }
  CHECK(client.ask(post_json("/embed", R"({"text":"a\u0000","text":"b\u0000c"})")).body ==
        R"({"embedding":[3,98,99,1]})");
}

TEST_CASE("H9: a request with one bad input fails as a whole, before anything is submitted") {
  test_server server;
  http_client client(server.port());
  for (const std::string input :
       {"[]", "\"\"", "[\"a\",\"\"]", "[null]", "[\"a\",null]", "123", "{}", "[[\"a\"]]"}) {
    const auto answer = client.ask(post_json("/v1/embeddings", R"({"input":)" + input + "}"));
    CHECK(answer.status == 400);
    CHECK(answer.body.find(R"("param":"input")") != std::string::npos);
  }
  CHECK(client.ask(post_json("/v1/embeddings", "{}")).body.find(R"("param":"input")") != std::string::npos);
  CHECK(server.stats().submitted == 0);
}

TEST_CASE("H12: an inference request whose sizes lie is refused, and the connection goes on") {
  test_server server;
  http_client client(server.port());
  const std::string json =
      R"({"inputs":[{"name":"TEXT","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":5}}]})";
  const auto ask = [&](std::size_t json_size, const std::string& behind) {
    return client
        .ask(post_json("/v2/models/fake/infer", json + behind,
                       "Inference-Header-Content-Length: " + std::to_string(json_size) + "\r\n"))
        .status;
  };
  const std::string text("\1\0\0\0a", 5);
  CHECK(ask(json.size(), text) == 200);
  CHECK(ask(json.size(), text + text) == 400);
  CHECK(ask(json.size() + text.size() + 1, text) == 400);
  CHECK(ask(json.size(), std::string("\xff\xff\xff\xff\x61", 5)) == 400);
  CHECK(ask(json.size(), text) == 200);
}

TEST_CASE("H13: a client that leaves while it waits is cancelled and not computed") {
  for (const bool by_reset : {false, true}) {
    test_server server({}, {.max_batch_size = 1});
    server.hold_model();
    http_client running(server.port()), waiting(server.port());
    running.send(question);
    server.await_run();
    waiting.send(post_json("/embed", R"({"inputs":["a","b","c"]})"));
    await([&] { return server.stats().queued >= 3; });
    by_reset ? waiting.reset() : waiting.close();
    await([&] { return server.stats().cancelled >= 3; });
    CHECK(server.stats().queued == 0);
    server.release_model();
    CHECK(running.receive().body == right_answer);
    CHECK(server.texts_run() == 1);
  }
}

TEST_CASE("H13: a client that leaves while its batch runs does not disturb its mates") {
  test_server server({}, {.max_batch_size = 2});
  server.hold_model();
  http_client first(server.port());
  first.send(question);
  server.await_run();
  http_client leaving(server.port()), staying(server.port());
  leaving.send(question);
  await([&] { return server.stats().queued >= 1; });
  staying.send(question);
  await([&] { return server.stats().queued >= 2; });
  server.release_model();
  CHECK(first.receive().body == right_answer);
  leaving.close();
  CHECK(staying.receive().body == right_answer);
  CHECK(alive(server));
}

TEST_CASE("H14: a half-closed connection is taken for a closed one, unless that is allowed") {
  for (const bool allowed : {false, true}) {
    test_server server({.allow_half_close = allowed});
    server.hold_model();
    http_client client(server.port());
    client.send(question);
    server.await_run();
    client.shut_down_sending();
    if (!allowed) {
      CHECK(client.closed_by_server());
      CHECK(server.stats().cancelled == 1);
    }
    server.release_model();
    if (allowed) CHECK(client.receive().body == right_answer);
  }
}

TEST_CASE("H15: a hundred pipelined requests are answered in order") {
  test_server server;
  http_client client(server.port());
  std::string requests;
  for (std::size_t size = 1; size <= 100; ++size)
    requests += post_json("/embed", R"({"text":")" + std::string(size, 'x') + R"("})");
  client.send(requests);
  for (std::size_t size = 1; size <= 100; ++size)
    CHECK(client.receive().body == R"({"embedding":[)" + std::to_string(size) + ",120,120,1]}");
}

TEST_CASE("H15: pipelined requests are cut cleanly when the connection ends") {
  test_server server({.requests_per_connection = 3});
  http_client client(server.port());
  for (int i = 0; i < 5; ++i) client.send(question);
  for (int i = 0; i < 3; ++i) CHECK(client.receive().body == right_answer);
  CHECK(client.closed_by_server());
}

TEST_CASE("H16: TLS and HTTP/2 on the plain port are refused at once") {
  test_server server;
  for (const std::string& hello : {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
                                   std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}) {
    http_client client(server.port());
    CHECK(client.ask(hello).status == 400);
    CHECK(client.closed_by_server());
  }
}

// The sanitizers of memory look at pointers through pipes, so they fail without descriptors.
TEST_CASE("H17: without file descriptors the server waits, says so once, and recovers" *
          doctest::skip(under_address_sanitizer)) {
  log_watch log;
  test_server server;
  http_client early[] = {http_client(server.port()), http_client(server.port())};
  for (http_client& each : early)  // of each thread, whose first memory takes a file for a moment
    CHECK(each.ask(question).body == right_answer);
  auto shortage = std::make_unique<file_shortage>();
  http_client client(server.port());  // takes the last one
  client.send(question);
  await([&] { return log.count("cannot accept connections") > 0; });
  shortage.reset();
  CHECK(client.receive().body == right_answer);
  CHECK(log.count("cannot accept connections") == 1);
  CHECK(log.count("accepting connections again") == 1);
}

TEST_CASE("H18: what was wrong is told in the family's words, however the path was asked for") {
  test_server server;
  http_client client(server.port());
  const std::string host = "Host: test\r\n\r\n";
  CHECK(client.ask("GET http://test/v1/embeddings HTTP/1.1\r\n" + host)
            .body.starts_with(R"({"error":{"message")"));
  CHECK(client.ask("DELETE /v2?a=b HTTP/1.1\r\n" + host).body ==
        R"({"error":"this path takes GET, HEAD, OPTIONS"})");
  CHECK(client.ask("GET /v1/%zz HTTP/1.1\r\n" + host).body.starts_with(R"({"error":{"message")"));
}

TEST_CASE("H18: wrong paths, methods, types and lengths are refused in JSON") {
  test_server server;
  const auto status = [&](const std::string& request) {
    const auto answer = http_client(server.port()).ask(request);
    CHECK(answer.field("content-type") == "application/json");
    CHECK(answer.body.starts_with(R"({"error":)"));
    return answer.status;
  };
  for (const std::string path :
       {"//", "/%2f", "/embed%2f", "/..", "/../health", "/embed/", "/v1", "/v1/nowhere"})
    CHECK(status(get(path)) == 404);
  CHECK(status(get("/%zz")) == 400);
  CHECK(status("DELETE /embed HTTP/1.1\r\nHost: a\r\n\r\n") == 405);
  CHECK(status("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") == 405);
  CHECK(status("POST /embed HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx") ==
        415);
  CHECK(status("POST /embed HTTP/1.1\r\nHost: a\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx") ==
        415);
  CHECK(status(get("/" + std::string(8192, 'x'))) == 414);
  CHECK(status("GET /health HTTP/1.1\r\nHost: a\r\nX: " + std::string(8192, 'x') + "\r\n\r\n") == 431);
  CHECK(status("GET /health HTTP/1.1\r\nHost: a\r\nAuthorization: " + std::string(1 << 20, 'x') +
               "\r\n\r\n") == 431);
  CHECK(alive(server));
}
