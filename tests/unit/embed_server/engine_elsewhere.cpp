// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The service in front of an engine that is not of this process: no batcher, no tokeniser, and the number of
// tokens is known only with the result.

#include "embed_server/api_error.hpp"
#include "embed_server/embed_service.hpp"
#include "support/doctest.hpp"
#include <carpool/bert/error.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <vector>

using namespace embed_server;

namespace {

// Answers each text with its length, a turn of the io thread later.
class distant_engine final : public embedding_engine {
 public:
  distant_engine() {
    model_.name = "distant";
    model_.dimension = 1;
    model_.max_queue_size = 4;
  }

  const served_model& model() const override { return model_; }
  carpool::stats stats() const override { return {}; }
  model_statistics::snapshot totals() const override { return {}; }
  std::vector<carpool::bert::device_status> devices() const override { return {{"elsewhere", true}}; }
  void add_metrics(carpool::prometheus_text& text) const override {
    text.counter("distant_jobs_total", "Jobs.", seen.size());
  }
  asio::awaitable<void> drain() override { co_return; }
  void close() override {}

  asio::awaitable<embedded_texts> embed(embedding_job job) override {
    co_await asio::post(asio::use_awaitable);
    seen.emplace_back(job.traceparent);
    embedded_texts result{.vectors = {}, .token_count = 7, .preparation = {}, .model = {}};
    for (std::size_t i = 0; i < job.texts.size(); ++i) {
      if (job.texts[i] == "long") throw refused_text(i, carpool::bert::error::text_too_long);
      if (job.texts[i] == "down") throw api_error{problem::unavailable, "nobody is there"};
      result.vectors.push_back({static_cast<float>(job.texts[i].size())});
    }
    if (job.admit) job.admit(result.token_count);
    co_return result;
  }

  std::vector<std::string> seen;

 private:
  served_model model_;
};

struct fixture {
  explicit fixture(const limits& limits = {}) : service(models, limits) {
    auto owned = std::make_unique<distant_engine>();
    engine = owned.get();
    models.put(std::make_shared<hosted_model>(std::move(owned)));
  }

  response ask(std::string path, std::string body) {
    exchange request;
    request.head.method = http::verb::post;
    request.head.path = path;
    request.head.has_body = true;
    request.client.rates = service.clients().identify(request.head, endpoint::embed).rates;
    request.span = begin_span({});
    request.traceparent = to_traceparent(request.span);
    request.arrival = std::chrono::steady_clock::now();
    asio::io_context io;
    response result;
    asio::co_spawn(io, service.answer(request, find_route(http::verb::post, path), std::move(body)),
                   [&](std::exception_ptr failure, response answer) {
                     REQUIRE(!failure);
                     result = std::move(answer);
                   });
    io.run();
    return result;
  }

  model_catalog models;
  embed_service service;
  distant_engine* engine = nullptr;
};

}  // namespace

TEST_CASE("an engine elsewhere serves every protocol, and hears of the trace") {
  fixture server;
  CHECK(server.ask("/embed", R"({"inputs":["a","bc"]})").body() == "[[1],[2]]");
  CHECK(server.ask("/v1/embeddings", R"({"input":"abc"})").body().find(R"("prompt_tokens":7)") !=
        std::string::npos);
  CHECK(server.engine->seen.size() == 2);
  CHECK(server.engine->seen.front().starts_with("00-"));
  CHECK(server.service.facts().metrics().find("distant_jobs_total{model=\"distant\"} 2\n") !=
        std::string::npos);
}

TEST_CASE("what an engine elsewhere refuses is told in the words of the protocol") {
  fixture server;
  const auto refused = server.ask("/embed", R"({"inputs":["a","long"]})");
  CHECK(refused.result_int() == 422);
  CHECK(refused.body().find("inputs[1]: ") != std::string::npos);
  CHECK(server.ask("/v1/embeddings", R"({"input":"down"})").result_int() == 503);
  CHECK(server.ask("/embed", R"({"inputs":["1","2","3","4","5"]})").result_int() == 422);
  CHECK(server.ask("/v1/embeddings", R"({"input":["1","2","3","4","5"]})").result_int() == 400);
}

TEST_CASE("an engine elsewhere makes embeddings, so that it is not asked for scores") {
  fixture server;
  const auto refused = server.ask("/rerank", R"({"query":"q","texts":["a"]})");
  CHECK(refused.result_int() == 424);
  CHECK(refused.body().find("model is not a re-ranker model: distant makes embeddings") != std::string::npos);
  CHECK(server.ask("/predict", R"({"inputs":"a"})").result_int() == 424);
  CHECK(server.engine->seen.empty());
}

TEST_CASE("where the tokeniser is elsewhere, nothing is tokenised here") {
  fixture server;
  CHECK(server.ask("/tokenize", R"({"inputs":"a"})").result_int() == 501);
  CHECK(server.ask("/decode", R"({"ids":[1]})").result_int() == 501);
}

TEST_CASE("tokens are counted for the client, also where they are known only with the result") {
  fixture server({.rates = {.requests = {}, .tokens = 10}});
  CHECK(server.ask("/embed", R"({"inputs":"a"})").result_int() == 200);
  CHECK(server.ask("/embed", R"({"inputs":"a"})").result_int() == 429);
}
