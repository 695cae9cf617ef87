// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/embed_service.hpp"
#include "embed_server/embedding_engine.hpp"
#include "embed_server/http_settings.hpp"
#include "embed_server/http_threads.hpp"
#include "embed_server/listener.hpp"
#include "embed_server/server.hpp"
#include "log_watch.hpp"
#include "support/doctest.hpp"
#include "support/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <future>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace carpool::test;
using namespace embed_server;

namespace {

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
thread_local std::size_t successes_left = never, failures_left = 0;

}  // namespace

// In place of the system's: Asio takes memory from it for everything that it starts.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) {
  const bool fails = successes_left == 0 && failures_left > 0;
  if (fails)
    --failures_left;
  else if (successes_left != never && successes_left > 0)
    --successes_left;
  void* memory = nullptr;
  return !fails && ::posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

namespace {

/// Answers each text with its length, a turn of the thread later; there is no memory for "huge".
class patient_engine final : public embedding_engine {
 public:
  patient_engine() {
    model_.name = "patient";
    model_.dimension = 1;
    model_.max_queue_size = 1;
  }

  const served_model& model() const override { return model_; }
  carpool::stats stats() const override { return {}; }
  model_statistics::snapshot totals() const override { return {}; }
  std::vector<carpool::bert::device_status> devices() const override { return {}; }
  asio::awaitable<void> drain() override { co_return; }
  void close() override {}

  asio::awaitable<embedded_texts> embed(embedding_job job) override {
    co_await asio::post(asio::use_awaitable);
    embedded_texts result{.vectors = {}, .token_count = 1};
    for (const std::string& text : job.texts) {
      if (text == "huge") throw std::bad_alloc();
      result.vectors.push_back({static_cast<float>(text.size())});
    }
    co_return result;
  }

 private:
  served_model model_;
};

/// The server around it, everything on one thread.
class lonely_server {
 public:
  lonely_server() : service_(models_, settings_.limits), server_(listeners(), service_, settings_) {
    models_.put(std::make_shared<hosted_model>(std::make_unique<patient_engine>()));
    server_.start();
    thread_ = std::thread([this] { run_on(io_); });
  }
  ~lonely_server() {
    io_.stop();
    thread_.join();
  }
  lonely_server(const lonely_server&) = delete;
  lonely_server& operator=(const lonely_server&) = delete;

  std::uint16_t port() const { return port_; }

  /// Of the blocks that its thread asks Asio's memory for from now on, one fails, or so many, after so many
  /// others.
  void fail_after(std::size_t successes, std::size_t failures = 1) {
    on_thread([=] {
      successes_left = successes;
      failures_left = failures;
    });
  }

  /// Whether one has failed. From now on none does.
  bool has_failed() {
    return on_thread([] { return std::exchange(successes_left, never) == 0; });
  }

  /// Whether it has no connections any more, in the end.
  bool becomes_empty() {
    std::promise<void> empty;
    asio::post(io_, [&] {
      server_.stop_accepting();
      asio::co_spawn(io_, server_.async_empty(), [&](std::exception_ptr) { empty.set_value(); });
    });
    return empty.get_future().wait_for(std::chrono::seconds{30}) == std::future_status::ready;
  }

 private:
  template <class Work>
  std::invoke_result_t<Work> on_thread(Work work) {
    std::packaged_task<std::invoke_result_t<Work>()> task(work);
    asio::post(io_, [&] { task(); });
    return task.get_future().get();
  }

  std::vector<listener> listeners() {
    std::vector<listener> all;
    all.push_back(open_tcp(io_.get_executor(), "127.0.0.1", 0));
    port_ = all.front().port();
    return all;
  }

  const http_settings settings_;
  asio::io_context io_{1};
  model_catalog models_;
  std::uint16_t port_ = 0;
  embed_service service_;
  server server_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("H24: a connection for which there is no memory is closed, whatever it was about to do") {
  log_watch log;
  const std::string body = R"({"text":"hi"})";
  std::size_t successes = 0;
  for (bool failed = true; failed; ++successes) {
    INFO("memory for ", successes, " blocks");
    REQUIRE(successes < 1000);
    lonely_server server;
    http_client client(server.port());
    CHECK(client.ask(post_json("/embed", body)).status == 200);
    server.fail_after(successes);
    client.send(post_json("/embed", body, "Connection: close\r\n"));
    CHECK_NOTHROW(client.receive_all());
    client.close();
    failed = server.has_failed();
    CHECK(server.becomes_empty());
  }
  CHECK(successes > 1);
}

TEST_CASE("H24: a request for which there is no memory may be tried again, and is not said to be wrong") {
  log_watch log;
  lonely_server server;
  http_client client(server.port());
  const auto answer = client.ask(post_json("/embed", R"({"text":"huge"})"));
  CHECK(answer.status == 503);
  CHECK(answer.field("retry-after") == "1");
  CHECK(client.ask(post_json("/embed", R"({"text":"hi"})")).status == 200);
}

TEST_CASE("H24: a client for whom there is no memory does not keep the next one out") {
  log_watch log;
  const std::string question = post_json("/embed", R"({"text":"hi"})", "Connection: close\r\n");
  std::size_t successes = 0;
  for (bool failed = true; failed; ++successes) {
    INFO("memory for ", successes, " blocks");
    REQUIRE(successes < 1000);
    lonely_server server;
    server.fail_after(successes);
    http_client unlucky(server.port());
    unlucky.send(question);
    CHECK_NOTHROW(unlucky.receive_all());
    failed = server.has_failed();
    CHECK(http_client(server.port()).ask(question).status == 200);
  }
  CHECK(successes > 1);
}

TEST_CASE("H24: while there is no memory at all, clients are turned away, and later ones are not") {
  log_watch log;
  const std::string question = post_json("/embed", R"({"text":"hi"})");
  lonely_server server;
  server.fail_after(0, never);
  for (int i = 0; i < 3; ++i) CHECK(http_client(server.port()).closed_by_server());
  CHECK(server.has_failed());
  CHECK(http_client(server.port()).ask(question).status == 200);
  CHECK(log.count("a client was turned away: std::bad_alloc") == 3);
}
