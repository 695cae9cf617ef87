// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "cluster/worker.hpp"

#include "cluster/text_reply.hpp"
#include "cluster/text_request.hpp"
#include "memory_source.hpp"
#include "stream_model.hpp"
#include "support/doctest.hpp"
#include "unit/embed_server/log_watch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <string>
#include <variant>
#include <vector>

using namespace carpool::test;
using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;

/// A worker on a queue in memory, on this thread. Its model's result is the length of the text; it takes one
/// turn of the event loop, throws a number for a text "throw", or, for a text "long", until the worker has
/// extended its leases twice.
class bench {
 public:
  explicit bench(cluster::desk_limits limits = {})
      : source_(io_.get_executor(), queue_, limits.lease), limits_(limits) {}

  stream_model& queue() { return queue_; }
  memory_source& source() { return source_; }

  static cluster::delivery request(const std::string& id, const std::string& text,
                                   cluster::wall_time deadline = cluster::wall_time::max()) {
    return {.id = id,
            .reply_to = "gateway",
            .payload = encode(cluster::text_request{.text = text, .deadline = deadline})};
  }

  /// Runs until so many replies are there, and then until the worker has stopped.
  std::map<std::string, cluster::text_reply> work(std::size_t replies) {
    cluster::worker worker{
        io_.get_executor(), source_,
        [this](cluster::text_request text, carpool::time_point) { return run(std::move(text)); }, limits_};
    asio::co_spawn(io_, worker.work(), [this](std::exception_ptr failed) {
      CHECK_FALSE(failed);
      io_.stop();
    });
    asio::co_spawn(io_, stop_after(worker, replies), [](std::exception_ptr) {});
    io_.run();
    counted = worker.counted();
    return received_;
  }

  cluster::worker::counters counted;
  std::size_t largest_company = 0;  ///< texts that ran at once

 private:
  asio::awaitable<cluster::text_reply> run(cluster::text_request text) {
    largest_company = std::max(largest_company, ++running_);
    do {
      co_await asio::post(io_, asio::use_awaitable);
    } while (text.text == "long" && source_.extended() < 2);
    --running_;
    if (text.text == "throw") throw 7;
    co_return cluster::text_result{.values = {1}, .tokens = static_cast<std::uint32_t>(text.text.size())};
  }

  asio::awaitable<void> stop_after(cluster::worker& worker, std::size_t replies) {
    while (received_.size() < replies) {
      for (const auto& each : queue_.take_replies("gateway"))
        CHECK(received_.emplace(each.id, cluster::parse_text_reply(each.payload)).second);
      co_await asio::post(io_, asio::use_awaitable);
    }
    worker.stop();
    source_.wake();
  }

  stream_model queue_;
  asio::io_context io_{1};
  memory_source source_;
  cluster::desk_limits limits_;
  std::map<std::string, cluster::text_reply> received_;
  std::size_t running_ = 0;
};

cluster::failure_code code_of(const cluster::text_reply& reply) {
  REQUIRE(std::holds_alternative<cluster::text_failure>(reply));
  return std::get<cluster::text_failure>(reply).code;
}

std::uint32_t tokens_of(const cluster::text_reply& reply) {
  REQUIRE(std::holds_alternative<cluster::text_result>(reply));
  return std::get<cluster::text_result>(reply).tokens;
}

}  // namespace

TEST_CASE("a worker replies to what it receives, never has more than its capacity, and leaves nothing") {
  bench bench{{.capacity = 3}};
  std::vector<cluster::delivery> requests;
  for (unsigned i = 0; i < 20; ++i)
    requests.push_back(bench::request("id" + std::to_string(i), std::string(i + 1, 'x')));
  bench.queue().admit(requests, 100);
  const auto replies = bench.work(20);
  for (unsigned i = 0; i < 20; ++i) CHECK(tokens_of(replies.at("id" + std::to_string(i))) == i + 1);
  CHECK(bench.largest_company == 3);
  CHECK(bench.source().largest_room() == 3);
  CHECK(bench.counted.replied == 20);
  CHECK(bench.queue().length() == 0);
  CHECK(bench.queue().pending() == 0);
}

TEST_CASE("a text whose deadline has passed is not run") {
  bench bench;
  bench.queue().admit({bench::request("late", "x", cluster::wall_time{}), bench::request("good", "x")}, 100);
  const auto replies = bench.work(2);
  CHECK(code_of(replies.at("late")) == cluster::failure_code::expired);
  CHECK(tokens_of(replies.at("good")) == 1);
}

TEST_CASE("Q9: what cannot be read is rejected, and its mates are not") {
  bench bench;
  auto odd = bench::request("odd", "x");
  odd.payload = "rubbish";
  bench.queue().admit({odd, bench::request("good", "x")}, 100);
  const auto replies = bench.work(2);
  CHECK(code_of(replies.at("odd")) == cluster::failure_code::unreadable);
  CHECK(tokens_of(replies.at("good")) == 1);
  CHECK(bench.queue().dead_letters().size() == 1);
}

TEST_CASE("Q9: a flood of what cannot be read does not flood the log") {
  log_watch watch;
  bench bench;
  auto odd = bench::request("", "x");
  odd.payload = "rubbish";
  std::vector<cluster::delivery> flood(500, odd);
  for (std::size_t i = 0; i < flood.size(); ++i) flood[i].id = "odd" + std::to_string(i);
  bench.queue().admit(flood, flood.size());
  CHECK(bench.work(flood.size()).size() == flood.size());
  CHECK(watch.count("goes to the dead letters") > 0);
  CHECK(watch.count("goes to the dead letters") < 50);
}

TEST_CASE("a model that throws something odd fails its text, and the worker goes on") {
  bench bench;
  bench.queue().admit({bench::request("odd", "throw"), bench::request("good", "x")}, 100);
  const auto replies = bench.work(2);
  CHECK(code_of(replies.at("odd")) == cluster::failure_code::model_failed);
  CHECK(tokens_of(replies.at("good")) == 1);
  CHECK(bench.queue().pending() == 0);
}

TEST_CASE("Q3: a reply that the queue does not take is kept until it does") {
  bench bench;
  bench.source().fail_replies(2);
  bench.queue().admit({bench::request("a", "x")}, 100);
  CHECK(tokens_of(bench.work(1).at("a")) == 1);
  CHECK(bench.queue().pending() == 0);
}

TEST_CASE("Q1: what others have left is adopted, one at a time") {
  bench bench{{.capacity = 8, .lease = {3s}}};
  bench.queue().admit({bench::request("a", "x"), bench::request("b", "xx")}, 100);
  bench.queue().read("another", 2, std::chrono::steady_clock::now() - 1h);
  const auto replies = bench.work(2);
  CHECK(tokens_of(replies.at("a")) == 1);
  CHECK(tokens_of(replies.at("b")) == 2);
  CHECK(bench.largest_company == 1);
  CHECK(bench.counted.adopted == 2);
}

TEST_CASE("Q2: the lease of a long text is extended while it runs") {
  bench bench{{.capacity = 8, .lease = {3ms}}};
  bench.queue().admit({bench::request("a", "long")}, 100);
  CHECK(tokens_of(bench.work(1).at("a")) == 4);
  CHECK(bench.source().extended() >= 2);
}

TEST_CASE("Q2: leases are extended while a look for abandoned entries takes long") {
  bench bench{{.capacity = 8, .lease = {3ms}}};
  bench.source().hold_looks();
  bench.queue().admit({bench::request("a", "long")}, 100);
  CHECK(tokens_of(bench.work(1).at("a")) == 4);
  CHECK(bench.source().extended() >= 2);
}
