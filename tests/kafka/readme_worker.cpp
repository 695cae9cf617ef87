// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The program of examples/cluster/README.md, as it stands there, between the marks.

#include "cluster/await.hpp"
#include "mock_kafka.hpp"
#include "support/doctest.hpp"
#include "test_requester.hpp"

#include <csignal>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

// README begins
#include "cluster/kafka/kafka_source.hpp"
#include "cluster/run_alone.hpp"
#include "cluster/worker.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

namespace asio = boost::asio;

asio::awaitable<bool> serve(cluster::kafka_source& source, cluster::worker& worker) {
  asio::signal_set signals{co_await asio::this_coro::executor, SIGTERM};
  signals.async_wait([&](auto error, int) {
    if (!error) worker.stop();
  });
  co_await worker.work();
  co_await source.leave();
  co_return true;
}

void work(asio::io_context& io, const cluster::kafka_settings& settings, const cluster::text_runner& run) {
  cluster::kafka_source source{io.get_executor(), settings};
  cluster::worker worker{io.get_executor(), source, run, {.capacity = 64}};
  cluster::run_alone(io, serve(source, worker));
}
// README ends

using namespace carpool::test;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

asio::awaitable<cluster::text_reply> measure(cluster::text_request request, carpool::time_point) {
  co_return cluster::text_result{.values = {1}, .tokens = static_cast<std::uint32_t>(request.text.size())};
}

}  // namespace

TEST_CASE("the worker of the README answers requests until it is told to end") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  requester.send({"a text"});
  asio::io_context io{1};
  std::thread worker{[&] { work(io, kafka.settings(), measure); }};
  requester.await_replies(1);
  std::raise(SIGTERM);
  worker.join();
  requester.check_results({"a text"});
  CHECK(kafka.committed()[0] == 1);
}

TEST_CASE("the worker of the README is the one that is tested") {
  const std::string source = text_of(CARPOOL_KAFKA_TESTS "/readme_worker.cpp");
  const std::string begins = "// README begins\n", ends = "// README ends\n";
  const auto from = source.find(begins) + begins.size();
  const std::string program = source.substr(from, source.find(ends, from) - from);
  CHECK(text_of(CARPOOL_CLUSTER_FOLDER "/README.md").find("```cpp\n" + program + "```") != std::string::npos);
}
