// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The real server as a process of its own, with the real model, spoken to over sockets.

#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"
#include "support/metrics_text.hpp"
#include "support/resident_memory.hpp"
#include "support/server_process.hpp"
#include "support/temporary_folder.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace carpool::test;

namespace {

constexpr std::size_t dimension = 384;
using vectors = std::vector<std::vector<float>>;

std::vector<std::string> with_options(std::vector<std::string> options) {
  options.insert(options.begin(), CARPOOL_EMBED_SERVER);
  return options;
}

// One server for all tests that leave it as it is.
server_process& shared_server() {
  static server_process server(with_options({"--port", "0", "--threads", "1", "--device", "cpu"}));
  return server;
}

// The first texts of the reference, and their embeddings.
struct reference {
  explicit reference(std::size_t count) {
    std::ifstream lines(CARPOOL_TEST_GOLDENS "/embeddings/texts.txt");
    std::ifstream numbers(CARPOOL_TEST_GOLDENS "/embeddings/vectors.f32", std::ios::binary);
    for (std::string line; texts.size() < count && std::getline(lines, line);) {
      std::vector<float> vector(dimension);
      numbers.read(reinterpret_cast<char*>(vector.data()),
                   static_cast<std::streamsize>(dimension * sizeof(float)));
      texts.push_back(line);
      embeddings.push_back(std::move(vector));
    }
    REQUIRE(texts.size() == count);
    REQUIRE(numbers);
  }

  std::vector<std::string> texts;
  vectors embeddings;
};

std::string json_string(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\t')
      result += "\\t";
    else
      result += c;
  }
  return result + '"';
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string result;
  for (const auto& text : texts) result += (result.empty() ? "[" : ",") + json_string(text);
  return result + "]";
}

// The innermost lists of numbers in a JSON text.
vectors number_lists(const std::string& json) {
  vectors result;
  const char* const end = json.data() + json.size();
  for (const char* at = json.data(); at < end; ++at) {
    if (*at != '[') continue;
    std::vector<float> list;
    float value = 0;
    for (auto read = std::from_chars(at + 1, end, value); read.ec == std::errc{};
         read = std::from_chars(read.ptr + 1, end, value)) {
      list.push_back(value);
      if (*read.ptr != ',') break;
    }
    if (!list.empty()) result.push_back(std::move(list));
  }
  return result;
}

// The base64 strings that follow "embedding": in a JSON text, as floats.
vectors base64_lists(const std::string& json) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string start = R"("embedding":")";
  vectors result;
  for (auto at = json.find(start); at != json.npos; at = json.find(start, at)) {
    std::vector<unsigned char> bytes;
    std::uint32_t bits = 0;
    unsigned pending = 0;
    for (at += start.size(); digits.find(json[at]) != digits.npos; ++at) {
      bits = bits << 6 | static_cast<std::uint32_t>(digits.find(json[at]));
      if ((pending += 6) >= 8) bytes.push_back(static_cast<unsigned char>(bits >> (pending -= 8)));
    }
    auto& floats = result.emplace_back(bytes.size() / sizeof(float));
    std::memcpy(floats.data(), bytes.data(), floats.size() * sizeof(float));
  }
  return result;
}

float largest_difference(const vectors& a, const vectors& b) {
  REQUIRE(a.size() == b.size());
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    REQUIRE(a[i].size() == b[i].size());
    for (std::size_t j = 0; j < a[i].size(); ++j) largest = std::max(largest, std::abs(a[i][j] - b[i][j]));
  }
  return largest;
}

double metric(std::uint16_t port, const std::string& series) {
  return value_of(http_client(port).ask(get("/metrics")).body, series);
}

double mean_batch_size_during(std::uint16_t port, auto&& load) {
  const std::string batches = "carpool_batch_size_count{model=\"all-MiniLM-L6-v2\"}",
                    texts = "carpool_batch_size_sum{model=\"all-MiniLM-L6-v2\"}";
  const double count = metric(port, batches), sum = metric(port, texts);
  load();
  return (metric(port, texts) - sum) / (metric(port, batches) - count);
}

// In bytes.
rlim_t address_space_of(pid_t process) {
  rlim_t pages = 0;
  std::ifstream("/proc/" + std::to_string(process) + "/statm") >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

// Runs a program that must refuse its options; what it says.
std::string refusal(const std::vector<std::string>& options) {
  server_process server(with_options(options));
  const int status = server.wait();
  INFO(server.log());
  CHECK(status > 0);
  CHECK(std::ranges::count(server.log(), '\n') == 1);
  CHECK(server.log().starts_with("embed_server: "));
  return server.log();
}

bool mentions(const std::string& text, const std::string& word) { return text.find(word) != text.npos; }

// Tries until somebody listens, or for a minute; more often than await(), so as to be the first.
http_client first_connection(const std::filesystem::path& socket) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  for (;;) {
    try {
      return http_client(socket);
    } catch (const std::system_error&) {
      if (std::chrono::steady_clock::now() > give_up) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

}  // namespace

TEST_CASE("the server introduces itself and says when it listens") {
  auto& server = shared_server();
  const auto port = server.port();
  INFO(server.log());
  CHECK(mentions(server.log(), "all-MiniLM-L6-v2, 384 dimensions"));
  CHECK(mentions(server.log(), "device: cpu"));
  CHECK(http_client(port).ask(get("/health")).status == 200);
  CHECK(mentions(http_client(port).ask(get("/v1/models")).body, R"("id":"all-MiniLM-L6-v2")"));
}

TEST_CASE("embeddings over HTTP equal the reference, in every protocol and encoding") {
  auto& server = shared_server();
  http_client client(server.port());
  INFO(server.log());
  const reference wanted(48);
  const auto list = json_list(wanted.texts);
  const auto tei = client.ask(post_json("/embed", R"({"inputs":)" + list + "}"));
  CHECK(largest_difference(number_lists(tei.body), wanted.embeddings) < 1e-5f);
  const auto openai = client.ask(post_json("/v1/embeddings", R"({"model":"any","input":)" + list + "}"));
  CHECK(largest_difference(number_lists(openai.body), wanted.embeddings) < 1e-5f);
  const auto base64 =
      client.ask(post_json("/v1/embeddings", R"({"encoding_format":"base64","input":)" + list + "}"));
  CHECK(largest_difference(base64_lists(base64.body), wanted.embeddings) < 1e-5f);
  const auto tutorial = client.ask(post_json("/embed", R"({"text":)" + json_string(wanted.texts[0]) + "}"));
  CHECK(largest_difference(number_lists(tutorial.body), {wanted.embeddings[0]}) < 1e-5f);
}

TEST_CASE("the vectors of tokens, pooled, are the reference's embeddings") {
  auto& server = shared_server();
  http_client client(server.port());
  INFO(server.log());
  const reference wanted(12);
  for (std::size_t i = 0; i < wanted.texts.size(); ++i) {
    INFO(wanted.texts[i]);
    const auto answer =
        client.ask(post_json("/embed_all", R"({"inputs":)" + json_string(wanted.texts[i]) + "}"));
    const auto vectors_of_tokens = number_lists(answer.body);
    CHECK(std::to_string(vectors_of_tokens.size()) == answer.field("x-compute-tokens"));
    std::vector<float> sum(dimension);
    for (const auto& vector : vectors_of_tokens)
      for (std::size_t j = 0; j < dimension; ++j) sum[j] += vector[j];
    const float length = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0F));
    for (float& value : sum) value /= length;
    CHECK(largest_difference({sum}, {wanted.embeddings[i]}) < 1e-5f);
  }
}

TEST_CASE("a model whose folder does not scale embeddings gives the same as one that does") {
  const temporary_folder folder;
  for (const auto& file : std::filesystem::directory_iterator(CARPOOL_TEST_MINILM))
    std::filesystem::create_symlink(std::filesystem::canonical(file.path()),
                                    folder.path() / file.path().filename());
  std::filesystem::remove(folder.path() / "modules.json");
  std::ofstream(folder.path() / "modules.json") << R"([{"type": "models.Transformer", "path": ""},
                                                       {"type": "models.Pooling", "path": "1_Pooling"}])";
  server_process unscaled(
      with_options({"--port", "0", "--threads", "1", "--device", "cpu", "--model", folder.path().string()}));
  http_client client(unscaled.port()), scaled(shared_server().port());
  INFO(unscaled.log());
  const reference wanted(12);
  const std::string texts = R"({"inputs":)" + json_list(wanted.texts);
  CHECK(largest_difference(number_lists(client.ask(post_json("/embed", texts + '}')).body),
                           wanted.embeddings) < 1e-5f);
  const auto pooled = post_json("/embed", texts + R"(,"normalize":false})");
  const auto vectors_of_texts = number_lists(client.ask(pooled).body);
  CHECK(largest_difference(vectors_of_texts, wanted.embeddings) > 0.1f);
  CHECK(largest_difference(number_lists(scaled.ask(pooled).body), vectors_of_texts) < 1e-5f);
}

TEST_CASE("the real tokeniser tells tokens with their places, and makes text of ids") {
  auto& server = shared_server();
  http_client client(server.port());
  INFO(server.log());
  CHECK(client.ask(post_json("/tokenize", R"({"inputs":"hello"})")).body ==
        R"([[{"id":101,"text":"[CLS]","special":true,"start":null,"stop":null},)"
        R"({"id":7592,"text":"hello","special":false,"start":0,"stop":5},)"
        R"({"id":102,"text":"[SEP]","special":true,"start":null,"stop":null}]])");
  CHECK(client.ask(post_json("/decode", R"({"ids":[101,7592,1010,2088,999,102]})")).body ==
        R"(["hello, world!"])");
  CHECK(mentions(client.ask(post_json("/decode", R"({"ids":[30522]})")).body, "30522 tokens"));
}

TEST_CASE("a lone client's requests run alone, those of 64 clients together") {
  auto& server = shared_server();
  const auto port = server.port();
  INFO(server.log());
  const auto request =
      post_json("/embed", R"({"text":"Four people share one car and leave the road to others."})");
  CHECK(mean_batch_size_during(port, [&] {
          http_client client(port);
          for (int i = 0; i < 10; ++i) CHECK(client.ask(request).status == 200);
        }) == 1);
  std::atomic<int> answered = 0;
  const double mean = mean_batch_size_during(port, [&] {
    std::vector<std::thread> clients;
    for (int i = 0; i < 64; ++i) {
      clients.emplace_back([&] {
        http_client client(port);
        for (int j = 0; j < 10; ++j) answered += client.ask(request).status == 200;
      });
    }
    for (auto& client : clients) client.join();
  });
  CHECK(answered == 640);
  CHECK(mean > 8);
}

TEST_CASE("P1: SIGTERM under load loses no request, and the server ends with status 0") {
  server_process server(
      with_options({"--port", "0", "--threads", "1", "--device", "cpu", "--http-threads", "3"}));
  const auto port = server.port();
  const auto request = post_json("/embed", R"({"text":"share the ride"})");
  std::atomic<int> answered = 0, unanswered = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      try {
        http_client client(port);
        for (bool last = false; !last;) {
          const auto answer = client.ask(request);
          last = answer.field("connection") == "close";
          ++(answer.status == 200 ? answered : unanswered);
        }
      } catch (const std::exception&) {
        ++unanswered;
      }
    });
  }
  await([&] { return answered >= 200; });
  server.signal(SIGTERM);
  for (auto& client : clients) client.join();
  const int status = server.wait();
  INFO(server.log());
  CHECK(status == 0);
  CHECK(unanswered == 0);
  CHECK_THROWS_AS(http_client{port}, std::system_error);
}

TEST_CASE("exchanging the real model under load loses no request, and one that is broken changes nothing") {
  const temporary_folder folder;
  const std::string admin = "admin-0123456789", user = "user-0123456789a";
  const std::string keys = folder.write("keys", "root " + admin + " admin\nuser " + user + "\n").string();
  server_process server(with_options(
      {"--port", "0", "--threads", "1", "--device", "cpu", "--http-threads", "3", "--api-keys", keys}));
  const auto port = server.port();
  const auto load = [&](const std::string& body) {
    return http_client(port).ask(
        post_json("/v2/repository/models/all-MiniLM-L6-v2/load", body, "x-api-key: " + admin + "\r\n"));
  };
  const auto request = post_json("/embed", R"({"text":"share the ride"})", "x-api-key: " + user + "\r\n");
  const std::string expected = http_client(port).ask(request).body;
  std::atomic<int> right = 0, wrong = 0;
  std::atomic<bool> enough = false;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      http_client client(port);
      while (!enough) ++(client.ask(request).status == 200 ? right : wrong);
    });
  }
  for (int i = 0; i < 3; ++i) {
    const int before = right;
    CHECK(load("{}").status == 200);
    await([&] { return right >= before + 50; });
  }
  const auto refused =
      load(R"({"parameters":{"config":"{\"folder\":\")" + folder.path().string() + R"(\"}"}})");
  CHECK(refused.status == 400);
  CHECK(mentions(refused.body, folder.path().string()));
  enough = true;
  for (auto& client : clients) client.join();
  INFO(server.log());
  CHECK(wrong == 0);
  CHECK(http_client(port).ask(request).body == expected);
  server.signal(SIGTERM);
  CHECK(server.wait() == 0);
}

TEST_CASE("two models and their two ways to run have the same vectors") {
  const std::string folder = CARPOOL_TEST_MINILM;
  server_process server(with_options({"--port", "0", "--threads", "1", "--device", "cpu", "--model",
                                      "a=" + folder, "--model", "b=" + folder, "--ab", "50"}));
  const auto port = server.port();
  INFO(server.log());
  const auto embedded = [&](const std::string& model, const std::string& variant) {
    return number_lists(
        http_client(port)
            .ask(post_json("/v1/embeddings", R"({"input":"share the ride","model":")" + model + "\"}",
                           "x-carpool-variant: " + variant + "\r\n"))
            .body);
  };
  const auto first = embedded("a", "batched");
  CHECK(largest_difference(embedded("a", "unbatched"), first) < 1e-5f);
  CHECK(largest_difference(embedded("b", "batched"), first) < 1e-5f);
  CHECK(mentions(http_client(port).ask(get("/v1/models")).body, R"("id":"b")"));
  CHECK(metric(port, R"(carpool_max_batch_size{model="b",variant="unbatched"})") == 1);
  CHECK(mentions(refusal({"--port", "0", "--device", "cpu", "--model", folder, "--model", folder}),
                 "is the name of two models"));
}

TEST_CASE("P2: SIGINT ends an idle server, whoever is connected") {
  server_process server(
      with_options({"--port", "0", "--threads", "1", "--device", "cpu", "--log-level", "off"}));
  http_client idle(server.port());
  CHECK(idle.ask(get("/health")).status == 200);
  server.signal(SIGINT);
  CHECK(server.wait() == 0);
  CHECK(idle.closed_by_server());
}

TEST_CASE("P2: SIGTERM ends a server that still loads its model, at once") {
  server_process server(with_options({"--port", "0", "--threads", "1", "--device", "cpu"}));
  server.signal(SIGTERM);
  CHECK(server.wait() == -SIGTERM);
}

TEST_CASE("P2: SIGHUP while models are loaded is heard when they are") {
  const temporary_folder folder;
  const std::string small = CARPOOL_TEST_GOLDENS "/classifier/reranker", large = CARPOOL_TEST_MINILM;
  server_process server(
      with_options({"--port", "0", "--threads", "1", "--device", "cpu", "--access-log",
                    (folder.path() / "log").string(), "--model", "a=" + small, "--model", "b=" + large}));
  server.await_line("lanes:");  // of the first
  server.signal(SIGHUP);
  server.await_line("opened the access log");
  CHECK(http_client(server.port()).ask(get("/health")).status == 200);
}

TEST_CASE("P4: who can connect finds a model that has run") {
  const temporary_folder folder;
  const auto socket = folder.path() / "socket";
  server_process server(
      with_options({"--unix-socket", socket.string(), "--threads", "1", "--device", "cpu"}));
  http_client client = first_connection(socket);
  CHECK(client.ask(get("/health")).status == 200);
  CHECK(has_line(client.ask(get("/metrics")).body, "carpool_batch_size_count{model=\"all-MiniLM-L6-v2\"} 1"));
}

TEST_CASE("P5: a server without any output serves and ends as always") {
  const temporary_folder folder;
  const auto socket = folder.path() / "socket";
  for (const std::string output : {">&- 2>&-", ">/dev/full 2>/dev/full"}) {
    server_process server({"/bin/sh", "-c", "exec \"$0\" \"$@\" " + output, CARPOOL_EMBED_SERVER,
                           "--unix-socket", socket.string(), "--threads", "1", "--device", "cpu",
                           "--access-log", "-"});
    http_client client = first_connection(socket);
    CHECK(client.ask(post_json("/embed", R"({"text":"share the ride"})")).status == 200);
    client.close();
    server.signal(SIGTERM);
    CHECK(server.wait() == 0);
  }
}

TEST_CASE("P5: a server whose output nobody reads ends as always") {
  const temporary_folder folder;
  const auto socket = folder.path() / "socket", pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int both_ends = ::open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  server_process server({"/bin/sh", "-c", "exec \"$0\" \"$@\" >" + pipe.string() + " 2>&1",
                         CARPOOL_EMBED_SERVER, "--unix-socket", socket.string(), "--threads", "1", "--device",
                         "cpu", "--access-log", "-"});
  http_client client = first_connection(socket);
  CHECK(client.ask(get("/health")).status == 200);
  const std::string page(4096, ' ');
  while (::write(both_ends, page.data(), page.size()) > 0) {
  }
  CHECK(client.ask(post_json("/embed", R"({"text":"share the ride"})")).status == 200);
  client.close();
  server.signal(SIGTERM);
  CHECK(server.wait() == 0);
  ::close(both_ends);
}

TEST_CASE("P7: a server that had no memory for a while answers everything afterwards") {
  if (under_address_sanitizer) return;  // which needs room for itself
  server_process server(with_options({"--port", "0", "--threads", "1", "--device", "cpu"}));
  const reference wanted(24);
  http_client client(server.port());
  rlimit before{};
  REQUIRE(::prlimit(server.id(), RLIMIT_AS, nullptr, &before) == 0);
  const rlimit used_up{address_space_of(server.id()), before.rlim_max};
  REQUIRE(::prlimit(server.id(), RLIMIT_AS, &used_up, nullptr) == 0);
  for (const std::string& text : wanted.texts) {
    const int status = client.ask(post_json("/embed", R"({"inputs":)" + json_string(text) + "}")).status;
    CHECK((status == 200 || status == 503));
  }
  REQUIRE(::prlimit(server.id(), RLIMIT_AS, &before, nullptr) == 0);
  for (std::size_t i = 0; i < wanted.texts.size(); ++i) {
    const auto answer = client.ask(post_json("/embed", R"({"inputs":)" + json_string(wanted.texts[i]) + "}"));
    CHECK(largest_difference(number_lists(answer.body), {wanted.embeddings[i]}) < 1e-5f);
  }
}

TEST_CASE("P3: what cannot be served is refused in one line before listening") {
  CHECK(mentions(refusal({"--port", "70000"}), "--port"));
  CHECK(mentions(refusal({"--policy", "never"}), "--policy"));
  CHECK(mentions(refusal({"--port", "0", "--device", "abacus"}), "abacus"));
  CHECK(mentions(refusal({"--port", "0", "--device", "cpu", "--precision", "fp16"}), "precision is fp16"));
  CHECK(mentions(refusal({"--port", "0", "--device", "cpu", "--devices", "0"}),
                 "model_options::devices is for CUDA devices, but the device is the CPU"));
  CHECK(mentions(refusal({"--port", "0", "--host", "no-address"}), "no-address"));
  CHECK(mentions(refusal({"--port", "0", "--model", "/no/such/folder"}), "/no/such/folder"));
  CHECK(mentions(refusal({"--port", "0", "--program", "/no/such/model.pt2"}),
                 "/no/such/model.pt2: No such file"));
  CHECK(mentions(refusal({"--port", std::to_string(shared_server().port())}), "in use"));
}

TEST_CASE("the textbook service can be had by options") {
  server_process server(with_options({"--port", "0", "--threads", "1", "--device", "cpu", "--max-batch-size",
                                      "8", "--policy", "size_or_timeout", "--max-queue-delay", "50ms"}));
  const auto port = server.port();
  INFO(server.log());
  CHECK(mentions(server.log(), "batches of up to 8 texts"));
  CHECK(metric(port, "carpool_batches_total{model=\"all-MiniLM-L6-v2\",trigger=\"timeout\"}") ==
        1);  // the first run, which is alone
  std::string list = "[\"a\"";
  for (int i = 1; i < 16; ++i) list += ",\"a\"";
  CHECK(http_client(port).ask(post_json("/embed", R"({"inputs":)" + list + "]}")).status == 200);
  CHECK(metric(port, "carpool_batches_total{model=\"all-MiniLM-L6-v2\",trigger=\"full\"}") == 2);
}

TEST_CASE("SIGHUP reads the keys again; a bad file changes nothing") {
  const temporary_folder folder;
  const std::string alice = "alice-0123456789", bob = "bob-0123456789abc";
  const std::string file = folder.write("keys", "alice " + alice + "\n").string();
  server_process server(
      with_options({"--port", "0", "--threads", "1", "--device", "cpu", "--api-keys", file}));
  const auto status = [&](const std::string& key) {
    return http_client(server.port())
        .ask(post_json("/embed", R"({"text":"hi"})", "x-api-key: " + key + "\r\n"))
        .status;
  };
  CHECK(status(alice) == 200);
  CHECK(status(bob) == 401);
  folder.write("keys", "bob short\n");
  server.signal(SIGHUP);
  server.await_line("the keys stay as they were");
  CHECK(status(alice) == 200);
  folder.write("keys", "bob " + bob + "\n");
  server.signal(SIGHUP);
  server.await_line("read the keys in");
  CHECK(status(alice) == 401);
  CHECK(status(bob) == 200);
  CHECK(server.log().find(alice) == std::string::npos);
  server.signal(SIGTERM);
  CHECK(server.wait() == 0);
}

TEST_CASE("a key with weight 3 gets three times as much of the model as one with 1") {
  const temporary_folder folder;
  const std::string alice = "alice-0123456789", bob = "bob-0123456789abc";
  const std::string file = folder.write("keys", "alice " + alice + "\nbob " + bob + " weight=3\n").string();
  server_process server(with_options({"--port", "0", "--threads", "1", "--device", "cpu", "--api-keys", file,
                                      "--max-batch-size", "1", "--policy", "eager"}));
  const auto port = server.port();
  constexpr double texts = 240;
  std::string list = "\"a\"";
  for (int i = 1; i < texts; ++i) list += ",\"a\"";
  const auto question = [&](const std::string& key) {
    return post_json("/embed", R"({"inputs":[)" + list + "]}", "x-api-key: " + key + "\r\n");
  };
  const std::string done = "carpool_requests_total{model=\"all-MiniLM-L6-v2\",outcome=\"ok\"}";
  http_client of_alice(port), of_bob(port);
  const double before = metric(port, done);
  of_alice.send(question(alice));
  of_bob.send(question(bob));
  CHECK(of_bob.receive().status == 200);
  const double of_alice_done = metric(port, done) - before - texts;
  CHECK(of_alice.receive().status == 200);
  CHECK(of_alice_done > texts / 6);  // a third, but for those that ran before Bob came and after he was done
  CHECK(of_alice_done < texts);
}
