// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

constexpr char usage[] = R"(What does a request cost the embedding server, apart from the model?

  bench_http_overhead [--rounds N] [--requests M]

HTTP, JSON, tokeniser, batcher and hand-over, with a model that returns at once, beside a bare server on the
same HTTP library that answers "hello", each on one thread, with the clients on another. The embedding, of 384
numbers, is asked for as decimals (/embed), and in base64 (/v1/embeddings), as OpenAI's own client does. The
sides take turns, N (5) rounds of M (5000) requests. The goals are at least half of the bare server's requests
per second, and at most 150 us of CPU time per request.
)";

#include "embed_server/embed_service.hpp"
#include "embed_server/http_settings.hpp"
#include "embed_server/listener.hpp"
#include "embed_server/local_engine.hpp"
#include "embed_server/server.hpp"
#include "hello_server.hpp"
#include "support/arguments.hpp"
#include "support/clock.hpp"
#include "support/english_texts.hpp"
#include "support/http_load.hpp"
#include "support/scoreboard.hpp"
#include <carpool/bert/config.hpp>
#include <carpool/bert/wordpiece.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace bert = carpool::bert;
using namespace embed_server;
using bench::seconds;

embedding some_embedding() {
  embedding some(384);
  for (std::size_t i = 0; i < some.size(); ++i) some[i] = std::sin(static_cast<float>(i)) / 20;
  return some;
}

std::vector<embedding> null_model(std::span<tokens> texts) {
  static const embedding some = some_embedding();
  return std::vector<embedding>(texts.size(), some);
}

served_model null_served() {
  served_model model;
  model.name = "null";
  model.dimension = 384;
  model.max_batch_size = 32;
  model.max_queue_size = 4096;
  return model;
}

local_parts null_parts(asio::io_context& io, const bert::wordpiece& tokenizer) {
  local_parts parts;
  parts.tokenize = [&tokenizer](std::string_view text, bool truncate) {
    return tokenizer.encode(text, {.truncate = truncate});
  };
  parts.batcher = std::make_unique<embedding_batcher>(io, carpool::options{}, null_model);
  return parts;
}

/// The reference server around the null model, on a thread of its own.
class null_server {
 public:
  explicit null_server(const bert::wordpiece& tokenizer)
      : service_(models_, settings_.limits), server_(listeners(), service_, settings_) {
    models_.put(std::make_shared<hosted_model>(std::make_unique<local_engine>(
        null_served(), null_parts(io_, tokenizer), settings_.limits.work_per_turn)));
    server_.start();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~null_server() {
    asio::post(io_, [this] {
      server_.stop_accepting();
      server_.drop_connections();
    });
    thread_.join();
  }

  std::uint16_t port() const { return port_; }

 private:
  std::vector<listener> listeners() {
    std::vector<listener> all;
    all.push_back(open_tcp(io_.get_executor(), "127.0.0.1", 0));
    port_ = all.front().port();
    return all;
  }

  const http_settings settings_{
      .limits = {.requests_per_connection = std::numeric_limits<std::size_t>::max()}};
  asio::io_context io_{1};
  model_catalog models_;
  std::uint16_t port_ = 0;
  embed_service service_;
  server server_;
  std::thread thread_;
};

/// CPU time of all threads but this one, which is the clients'.
double server_seconds() { return seconds(CLOCK_PROCESS_CPUTIME_ID) - seconds(CLOCK_THREAD_CPUTIME_ID); }

/// What a side of the comparison costs, per request.
class load {
 public:
  load(std::uint16_t port, std::vector<std::string> questions)
      : count_(static_cast<double>(questions.size())), clients_(port, std::move(questions)) {}

  double microseconds(std::size_t connections) {
    const double begin = seconds(CLOCK_MONOTONIC), cpu_before = server_seconds();
    clients_.run(connections);
    cpu_.push_back(1e6 * (server_seconds() - cpu_before) / count_);
    return 1e6 * (seconds(CLOCK_MONOTONIC) - begin) / count_;
  }

  void print_cpu(const std::string& name) const {
    const bench::spread used = bench::spread_of({cpu_.begin() + 1, cpu_.end()});  // the first does not count
    std::printf("CPU time of %s per request: %.0f us (%.0f to %.0f), 150 asked: %s\n", name.c_str(),
                used.median, used.least, used.most, used.median <= 150 ? "met" : "missed");
  }

 private:
  double count_;
  bench::http_load clients_;
  std::vector<double> cpu_;
};

struct sides {
  load hello, decimals, base64;
};

void compare(int rounds, sides all, std::size_t connections) {
  const std::string hello = "bare server, hello", decimals = "embed_server, decimals",
                    base64 = "embed_server, base64";
  bench::scoreboard board{std::to_string(connections) + (connections == 1 ? " connection" : " connections"),
                          "us per request"};
  board.add(hello, [&] { return all.hello.microseconds(connections); });
  board.add(decimals, [&] { return all.decimals.microseconds(connections); });
  board.add(base64, [&] { return all.base64.microseconds(connections); });
  board.ask(decimals, hello, 0.5);
  board.ask(base64, hello, 0.5);
  board.run(rounds);
  std::printf("\n");
  all.decimals.print_cpu(decimals);
  all.base64.print_cpu(base64);
}

void measure(int rounds, std::size_t requests) {
  const std::filesystem::path folder = CARPOOL_MINILM;
  const bert::wordpiece tokenizer{folder, bert::read_model_config(folder)};
  const null_server embed{tokenizer};
  const bench::hello_server hello;
  std::vector<std::string> for_decimals, for_base64;
  for (const auto& text : bench::english_texts(requests)) {
    for_decimals.push_back(bench::embed_request(text));
    for_base64.push_back(bench::openai_request(text));
  }
  const sides all{{hello.port(), for_decimals}, {embed.port(), for_decimals}, {embed.port(), for_base64}};
  for (const std::size_t connections : {64U, 8U, 1U}) compare(rounds, all, connections);
}

}  // namespace

int main(int argc, char** argv) {
  return bench::run_benchmark(argc, argv, usage, [&] {
    int rounds = 5;
    std::size_t requests = 5000;
    bench::arguments()
        .option("--rounds", rounds, 1)
        .option("--requests", requests, std::size_t{1})
        .read(argc, argv);
    measure(rounds, requests);
  });
}
