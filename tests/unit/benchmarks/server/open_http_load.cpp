// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "support/open_http_load.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using namespace std::chrono_literals;

/// Answers with what `answer` makes of a body, one connection after the other, until it goes.
class toy_server {
 public:
  using answer = http::response<http::string_body>;

  explicit toy_server(std::function<answer(const std::string&)> make) : make_(std::move(make)) {}
  ~toy_server() {
    stopped_ = true;
    boost::system::error_code ignored;
    tcp::socket last(io_);
    last.connect(endpoint(), ignored);  // so that accept() returns
    thread_.join();
  }

  [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

 private:
  void serve() {
    while (!stopped_) {
      tcp::socket client = acceptor_.accept();
      boost::beast::flat_buffer buffer;
      boost::system::error_code failure;
      for (bool more = true; more && !stopped_;) {
        http::request<http::string_body> request;
        http::read(client, buffer, request, failure);
        if (failure) break;
        answer reply = make_(request.body());
        reply.prepare_payload();
        http::write(client, reply, failure);
        more = reply.keep_alive() && !failure && reply["x-then"] != "hang up";
      }
    }
  }

  std::function<answer(const std::string&)> make_;
  std::atomic<bool> stopped_ = false;
  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}};
  std::thread thread_{[this] { serve(); }};
};

toy_server::answer with_status(http::status status) { return {status, 11}; }

bench::load_result load(const toy_server& server, const std::vector<bench::timed_request>& requests,
                        std::size_t connections) {
  bench::open_http_load to(server.endpoint(), {.most_connections = connections});
  return to.run(requests, [](std::size_t) {});
}

// Three requests, of which the first is answered when all are due.
bench::load_result load_that_waits_for_its_connection() {
  std::binary_semaphore all_are_due{0};
  const toy_server held([&](const std::string& body) {
    if (body == "first") all_are_due.acquire();
    return with_status(http::status::ok);
  });
  bench::open_http_load to(held.endpoint(), {.most_connections = 1});
  const std::vector<bench::timed_request> requests{{0ms, "first"}, {0ms, "second"}, {150ms, "third"}};
  return to.run(requests, [&](std::size_t sent) {
    if (sent == 2) all_are_due.release();  // 150 ms after the others were due
  });
}

}  // namespace

TEST_CASE("latency counts from when a request was due, also while it waits for a connection") {
  const auto got = load_that_waits_for_its_connection();
  CHECK(got.answered.count() == 3);
  // Nobody took long to answer the second: it waited.
  CHECK(got.answered.count_up_to(145'000) <= 1);
  CHECK(got.lasted >= 150ms);
}

TEST_CASE("answers that are none are told by their status") {
  const toy_server picky([](const std::string& body) {
    return with_status(body == "good" ? http::status::ok : http::status::too_many_requests);
  });
  const auto got = load(picky, {{0ms, "good"}, {0ms, "bad"}, {1ms, "bad"}, {2ms, "good"}}, 1);
  CHECK(got.answered.count() == 2);
  CHECK(got.other == std::map<unsigned, std::size_t>{{429, 2}});
  CHECK(got.refused.count() == 2);
  CHECK(got.lost == 0);
}

TEST_CASE("a connection that the server has closed is opened again, whether it was announced or not") {
  const toy_server impolite([](const std::string& body) {
    auto reply = with_status(http::status::ok);
    if (body == "announced") reply.keep_alive(false);
    if (body == "not announced") reply.set("x-then", "hang up");
    return reply;
  });
  const auto got =
      load(impolite, {{0ms, "announced"}, {20ms, "not announced"}, {60ms, "announced"}, {80ms, "and on"}}, 1);
  CHECK(got.answered.count() == 4);
  CHECK(got.lost == 0);
}

TEST_CASE("requests that nobody answers are lost") {
  tcp::endpoint nobody;
  {
    boost::asio::io_context io;
    nobody = tcp::acceptor(io, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}).local_endpoint();
  }
  bench::open_http_load to(nobody, {});
  const std::vector<bench::timed_request> requests{{0ms, "a"}, {1ms, "b"}};
  CHECK(to.run(requests, [](std::size_t) {}).lost == 2);
}

TEST_CASE("answers may be of any length") {
  const toy_server verbose([](const std::string&) {
    auto reply = with_status(http::status::ok);
    reply.body().assign(9 << 20, ' ');
    return reply;
  });
  const auto got = load(verbose, {{0ms, "a"}}, 1);
  CHECK(got.answered.count() == 1);
  CHECK(got.lost == 0);
}

TEST_CASE("a request that gets no answer in time is not sent a second time") {
  std::binary_semaphore end{0};
  std::atomic<int> unanswered = 0;
  const toy_server silent([&](const std::string& body) {
    if (body == "second" && ++unanswered == 1) end.acquire();
    return with_status(http::status::ok);
  });
  bench::open_http_load to(silent.endpoint(), {.most_connections = 1, .patience = 1s});
  const std::vector<bench::timed_request> requests{{0ms, "first"}, {1ms, "second"}};
  const auto got = to.run(requests, [](std::size_t) {});
  end.release();
  CHECK(got.answered.count() == 1);
  CHECK(got.lost == 1);
  CHECK(unanswered == 1);
}

TEST_CASE("the time since a request was sent does not include the wait for a connection") {
  const auto got = load_that_waits_for_its_connection();
  CHECK(got.since_sent.count() == 3);
  CHECK(got.since_sent.mean() < got.answered.mean());
}
