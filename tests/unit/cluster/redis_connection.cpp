// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Replies of a Redis that nobody should trust.

#include "cluster/redis_connection.hpp"

#include "cluster/redis_script.hpp"
#include "embed_server/no_throw.hpp"
#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace carpool::test;
using namespace std::chrono_literals;
using cluster::redis_value;

namespace {

namespace asio = boost::asio;
using unix_socket = asio::local::stream_protocol;

/// Greets every client as Redis does and answers each command then with the same bytes.
class false_redis {
 public:
  explicit false_redis(std::string answer, bool byte_by_byte = false)
      : answer_(std::move(answer)), byte_by_byte_(byte_by_byte) {
    listen();
  }

  /// What becomes of a command; empty if it is unavailable.
  std::optional<redis_value> ask(std::size_t max_reply = 1 << 20, std::chrono::milliseconds limit = 10s) {
    cluster::redis_connection redis{io_.get_executor(),
                                    {.unix_socket = path(), .command_time = limit, .max_reply = max_reply}};
    return outcome(redis.run({"GET", "key"}));
  }

  /// Why there is no reply from a server that hangs up.
  std::string trouble_when_it_hangs_up() {
    hangs_up_ = true;
    ask();
    return trouble_;
  }

  /// What becomes of a script, where each answer takes more than half of the time that there is.
  std::optional<redis_value> run_script_slowly() {
    think_for_ = 700ms;
    cluster::redis_connection redis{io_.get_executor(), {.unix_socket = path(), .command_time = 1s}};
    const cluster::redis_script script{"return 1"};
    return outcome(script.run(redis, {"GET"}, {}));
  }

  /// Likewise of a command that is sent on to a port of this server.
  std::optional<redis_value> ask_slowly() {
    think_for_ = 700ms;
    answer_ = "-MOVED 1 127.0.0.1:" + std::to_string(port_.local_endpoint().port()) + "\r\n";
    asio::co_spawn(io_, accept(port_, answer_elsewhere_), [](std::exception_ptr) {});
    return ask(1 << 20, 1s);
  }

  /// The reply that comes when its caller has been told that there is none; empty if nobody hears of it.
  std::optional<redis_value> answer_too_late() {
    std::optional<redis_value> heard;
    may_answer_.expires_at(asio::steady_timer::time_point::max());
    ask_in_vain([&] { may_answer_.expires_after(0s); }, [&](redis_value value) { heard = std::move(value); });
    return heard;
  }

  /// How many of two commands come to a server that is there when the first one's caller has been told that
  /// there is no reply.
  int listen_too_late() {
    acceptor_.close();
    ask_in_vain([&] { listen(); }, [](const redis_value&) {});
    return answered_;
  }

  /// How many connections two commands take, one after the other, which are answered in vain.
  int connections_made() {
    ask_in_vain([] {}, {});
    return connections_;
  }

 private:
  std::string path() const { return (folder_.path() / "redis").string(); }

  std::optional<redis_value> outcome(asio::awaitable<redis_value> operation) {
    std::optional<redis_value> result;
    std::exception_ptr failure;
    asio::co_spawn(io_, std::move(operation), [&](std::exception_ptr failed, redis_value value) {
      failure = failed;
      if (!failed) result = std::move(value);
      io_.stop();
    });
    io_.run();
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const cluster::redis_unavailable& error) {
      trouble_ = error.what();
    }
    return result;
  }

  // One command, and another one when the first one's caller has been told that there is no reply.
  void ask_in_vain(const std::function<void()>& when_told, cluster::late_reply late) {
    cluster::redis_connection redis{io_.get_executor(),
                                    {.unix_socket = path(), .command_time = 1s, .reconnect_pause = 20ms}};
    std::exception_ptr failure;
    asio::co_spawn(io_, redis.run({"GET", "key"}, {}, std::move(late)),
                   [&](std::exception_ptr failed, redis_value) {
                     failure = failed;
                     when_told();
                     asio::co_spawn(io_, redis.run({"GET", "next"}),
                                    [&](std::exception_ptr, redis_value) { io_.stop(); });
                   });
    io_.run();
    CHECK_THROWS_AS(std::rethrow_exception(failure), cluster::redis_unavailable);
  }

  void listen() {
    std::filesystem::remove(path());
    acceptor_ = unix_socket::acceptor{io_, unix_socket::endpoint{path()}};
    asio::co_spawn(io_, accept(acceptor_, answer_), [](std::exception_ptr) {});
  }

  template <class Acceptor>
  asio::awaitable<void> accept(Acceptor& acceptor, const std::string& answer) {
    for (;;) {
      auto client = co_await acceptor.async_accept(asio::use_awaitable);
      ++connections_;
      asio::co_spawn(io_, serve(std::move(client), answer), [](std::exception_ptr) {});
    }
  }

  template <class Socket>
  asio::awaitable<void> serve(Socket client, const std::string& answer) {
    std::string asked;
    co_await asio::async_read_until(client, asio::dynamic_buffer(asked), "HELLO", asio::use_awaitable);
    co_await asio::async_write(client, asio::buffer(greeting_), asio::use_awaitable);
    for (;;) {
      asked.erase(0, co_await asio::async_read_until(client, asio::dynamic_buffer(asked), "GET",
                                                     asio::use_awaitable));
      if (hangs_up_) co_return;
      co_await may_answer_.async_wait(embed_server::no_throw);
      asio::steady_timer thinking{io_, think_for_};
      co_await thinking.async_wait(embed_server::no_throw);
      ++answered_;
      std::string_view rest = answer;
      while (!rest.empty()) {
        const auto part = rest.substr(0, byte_by_byte_ ? 1 : rest.size());
        rest.remove_prefix(part.size());
        co_await asio::async_write(client, asio::buffer(part.data(), part.size()), asio::use_awaitable);
      }
    }
  }

  temporary_folder folder_;
  std::string greeting_ = "%1\r\n+server\r\n+redis\r\n";
  std::string answer_;
  std::string answer_elsewhere_ = ":1\r\n";
  bool byte_by_byte_;
  std::chrono::milliseconds think_for_{0};
  int connections_ = 0;
  int answered_ = 0;
  bool hangs_up_ = false;
  std::string trouble_;
  asio::io_context io_{1};
  asio::steady_timer may_answer_{io_, 0s};
  unix_socket::acceptor acceptor_{io_};
  asio::ip::tcp::acceptor port_{io_, {asio::ip::address_v4::loopback(), 0}};
};

std::string repeated(std::string_view part, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += part;
  return all;
}

}  // namespace

TEST_CASE("texts, lists, maps and errors of Redis are read as they are") {
  const auto list = false_redis("%1\r\n$3\r\nkey\r\n*2\r\n*2\r\n$3\r\n1-0\r\n:7\r\n*0\r\n").ask();
  REQUIRE(list);
  REQUIRE(list->items.size() == 2);
  CHECK(list->items[0].text == "key");
  REQUIRE(list->items[1].items.size() == 2);
  CHECK(list->items[1].items[0].items.at(1).text == "7");
  CHECK(list->items[1].items[1].what == redis_value::kind::list);
  CHECK(list->items[1].items[1].items.empty());
  CHECK(false_redis("_\r\n").ask()->what == redis_value::kind::nothing);
  CHECK(false_redis("$2\r\n\r\n\r\n").ask()->text == "\r\n");
}

TEST_CASE("an error of Redis is told apart from one that passes by itself") {
  CHECK_THROWS_WITH_AS(false_redis("-WRONGTYPE no\r\n").ask(), "WRONGTYPE no", cluster::redis_refusal);
  CHECK_FALSE(false_redis("-LOADING the dataset\r\n").ask());
  for (const std::string code : {"READONLY", "BUSY", "MISCONF", "NOREPLICAS"})
    CHECK_FALSE(false_redis("-" + code + " for now\r\n").ask());
  CHECK(cluster::redis_refusal{"NOGROUP none"}.is("NOGROUP"));
  CHECK_FALSE(cluster::redis_refusal{"NOGROUPS"}.is("NOGROUP"));
}

TEST_CASE("a connection that ends before the reply comes is told as such") {
  CHECK(false_redis("").trouble_when_it_hangs_up() == "Redis did not answer GET: the connection has ended");
}

TEST_CASE("Q4: a reply that comes too late goes to whoever wants to hear of it, but no error does") {
  const auto late = false_redis("*1\r\n$3\r\n1-0\r\n").answer_too_late();
  REQUIRE(late);
  CHECK(late->items.at(0).text == "1-0");
  CHECK_FALSE(false_redis("-NOSCRIPT none\r\n").answer_too_late());
}

TEST_CASE("Q4: what had not been sent when its caller was told is not sent any more") {
  CHECK(false_redis(":1\r\n").listen_too_late() == 1);
}

TEST_CASE("Q12: a server that does not hear the others is asked no more, but the given address once again") {
  CHECK(false_redis("-CLUSTERDOWN The cluster is down\r\n").connections_made() == 2);
  CHECK(false_redis("-LOADING the dataset\r\n").connections_made() == 1);
}

TEST_CASE(
    "Q4: a command that is sent to another server has no more time for that, nor has a script that is sent "
    "again") {
  CHECK_FALSE(false_redis("").ask_slowly());
  CHECK_FALSE(false_redis("-NOSCRIPT none\r\n").run_script_slowly());
}

TEST_CASE("Q10: a reply that is split at every byte is read all the same") {
  const auto list = false_redis("*2\r\n$5\r\nhello\r\n*1\r\n:12345\r\n", true).ask();
  REQUIRE(list);
  REQUIRE(list->items.size() == 2);
  CHECK(list->items[0].text == "hello");
  CHECK(list->items[1].items.at(0).text == "12345");
}

TEST_CASE("Q10: huge promises, deep lists and rubbish make a command fail, and take no memory") {
  for (const std::string& answer :
       {std::string{"$999999999999\r\nx"}, std::string{"$99999999999999999999999\r\n"},
        std::string{"*2147483647\r\n"}, std::string{"%9223372036854775807\r\n"}, repeated("*1\r\n", 100'000),
        std::string{"$-5\r\n"}, std::string{"?what\r\n"}, std::string{"\r\n"}, std::string(100, '\0'),
        std::string{"*-7\r\n"}}) {
    INFO(answer.substr(0, 30));
    CHECK_FALSE(false_redis(answer).ask(1 << 20, 500ms));
  }
}

TEST_CASE("Q10: a reply that is longer than allowed makes a command fail") {
  CHECK_FALSE(false_redis("$200000\r\n" + std::string(200'000, 'x') + "\r\n").ask(100'000));
  CHECK_FALSE(false_redis("*100000\r\n" + repeated(":1\r\n", 100'000)).ask(100'000));
}
