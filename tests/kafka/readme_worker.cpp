// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The program of examples/cluster/README.md, as it stands there, between the marks.

#include "log_lines.hpp"
#include "mock_kafka.hpp"
#include "support/await.hpp"
#include "support/doctest.hpp"
#include "test_requester.hpp"

#include <cstdint>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <utility>

// README begins
#include "cluster/kafka/kafka_source.hpp"
#include "cluster/run_alone.hpp"
#include "cluster/worker.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

// Ends half a minute after the first signal, or with the second one.
asio::awaitable<void> stop_when_signalled(cluster::worker& worker) {
  const auto executor = co_await asio::this_coro::executor;
  asio::signal_set signals{executor, SIGINT, SIGTERM};
  co_await signals.async_wait(asio::use_awaitable);
  worker.stop();
  asio::steady_timer time_is_over{executor, std::chrono::seconds{30}};
  co_await (time_is_over.async_wait(asio::use_awaitable) || signals.async_wait(asio::use_awaitable));
}

asio::awaitable<bool> serve(cluster::kafka_source& source, cluster::worker& worker) {
  const auto ended = co_await (worker.work() || stop_when_signalled(worker) || source.broken());
  if (ended.index() != 0) co_return false;
  co_await source.leave();
  co_return true;
}

// Whether everything that was taken has been answered; if not, it will be delivered again.
bool work(asio::io_context& io, const cluster::kafka_settings& settings, const cluster::text_runner& run) {
  cluster::kafka_source source{io.get_executor(), settings};
  cluster::worker worker{io.get_executor(), source, run, {.capacity = 64}};
  return cluster::run_alone(io, serve(source, worker));
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

// On a thread of its own, which ends with it at the latest.
class readme_worker {
 public:
  readme_worker(const cluster::kafka_settings& settings, const cluster::text_runner& run)
      : result_(std::async(std::launch::async, [this, settings, run] { return work(io_, settings, run); })) {}
  readme_worker(const readme_worker&) = delete;
  readme_worker& operator=(const readme_worker&) = delete;
  ~readme_worker() { io_.stop(); }

  bool has_ended() const { return result_.wait_for(std::chrono::seconds{0}) == std::future_status::ready; }
  bool has_answered_all() { return result_.get(); }

 private:
  asio::io_context io_{1};
  std::future<bool> result_;  // waits for the thread
};

}  // namespace

TEST_CASE("the worker of the README answers requests until it is told to end") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  requester.send({"a text"});
  readme_worker worker{kafka.settings(), measure};
  requester.await_replies(1);
  std::raise(SIGTERM);
  CHECK(worker.has_answered_all());
  requester.check_results({"a text"});
  CHECK(kafka.committed()[0] == 1);
}

TEST_CASE("K9: the worker of the README ends at the second signal though the broker is away") {
  const log_lines log;
  mock_kafka kafka{1};
  test_requester requester{kafka};
  asio::io_context io;
  const asio::signal_set survive{io, SIGINT};  // however often it is raised
  requester.send({"a text"});
  readme_worker worker{kafka.settings({{"message.timeout.ms", "1000"}}), [&](auto request, auto deadline) {
                         kafka.go_down();
                         return measure(std::move(request), deadline);
                       }};
  await([&] { return log.has("cannot reply"); });
  await([&] {
    std::raise(SIGINT);
    return worker.has_ended();
  });
  CHECK_FALSE(worker.has_answered_all());
}

TEST_CASE(
    "K9: the worker of the README ends in good order though the broker is away if it has nothing to commit") {
  mock_kafka kafka{1};
  test_requester requester{kafka};
  requester.send({"a text"});
  readme_worker worker{kafka.settings(), measure};
  requester.await_replies(1);
  await([&] { return kafka.committed()[0] == 1; });
  kafka.go_down();
  std::raise(SIGTERM);
  CHECK(worker.has_answered_all());
}

TEST_CASE("K10: the worker of the README ends when another one has taken its group.instance.id") {
  const log_lines log;
  mock_kafka kafka{1};
  test_requester requester{kafka};
  requester.send({"a text"});
  readme_worker worker{kafka.settings({{"group.instance.id", "one"}}), measure};
  requester.await_replies(1);
  kafka.fence();
  await([&] { return worker.has_ended(); });
  CHECK_FALSE(worker.has_answered_all());
  CHECK(log.has("[error] Kafka: FATAL"));
}

TEST_CASE("the worker of the README is the one that is tested") {
  const std::string source = text_of(CARPOOL_KAFKA_TESTS "/readme_worker.cpp");
  const std::string begins = "// README begins\n", ends = "// README ends\n";
  const auto from = source.find(begins) + begins.size();
  const std::string program = source.substr(from, source.find(ends, from) - from);
  CHECK(text_of(CARPOOL_CLUSTER_FOLDER "/README.md").find("```cpp\n" + program + "```") != std::string::npos);
}
