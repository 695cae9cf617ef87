// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "chaos/redis_link.hpp"

#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <string>

namespace asio = boost::asio;
using asio::ip::tcp;
using condition = chaos::redis_link::condition;

namespace {

// No file or socket can be opened.
class no_descriptors {
 public:
  no_descriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);
    ::close(next);
    const rlimit none{static_cast<rlim_t>(next), before_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  no_descriptors(const no_descriptors&) = delete;
  no_descriptors& operator=(const no_descriptors&) = delete;
  ~no_descriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// A program, its link, and the Redis at the end of it; one thread has all of them.
struct line {
  line() : socket((folder.path() / "redis").string()), acceptor(io, socket), link(io, {socket}) {}

  void connect() {
    program.close();
    program.connect({asio::ip::address_v4::loopback(), link.port()});
    await_redis();
  }

  // The program has connected; the link does so, too.
  void await_redis() {
    redis = asio::local::stream_protocol::socket{io};
    bool accepted = false;
    acceptor.async_accept(redis, [&](boost::system::error_code) { accepted = true; });
    while (!accepted) REQUIRE(io.run_one_for(std::chrono::minutes{1}) > 0);
    io.poll();
  }

  // What arrives of what the one sends to the other, until nothing moves any more.
  template <class From, class To>
  std::string send(From& from, To& to, const std::string& text) {
    asio::write(from, asio::buffer(text));
    return receive(to);
  }

  template <class To>
  std::string receive(To& to) {
    while (io.poll() > 0) {
    }
    std::string arrived(to.available(), ' ');
    asio::read(to, asio::buffer(arrived));
    return arrived;
  }

  // How the connection ended for the program; no error if it is open.
  boost::system::error_code ending() {
    while (io.poll() > 0) {
    }
    program.non_blocking(true);
    char byte = 0;
    boost::system::error_code ended;
    program.read_some(asio::buffer(&byte, 1), ended);
    program.non_blocking(false);
    return ended == asio::error::would_block ? boost::system::error_code{} : ended;
  }

  const carpool::test::temporary_folder folder;
  const asio::local::stream_protocol::endpoint socket;
  asio::io_context io;
  asio::local::stream_protocol::acceptor acceptor;
  chaos::redis_link link;
  tcp::socket program{io};
  asio::local::stream_protocol::socket redis{io};
};

}  // namespace

TEST_CASE("a link that is up passes everything on, the end too") {
  line line;
  line.connect();
  CHECK(line.send(line.program, line.redis, "question") == "question");
  CHECK(line.send(line.redis, line.program, "answer") == "answer");
  CHECK_FALSE(line.ending());
  line.redis.close();
  CHECK(line.ending() == asio::error::eof);
}

TEST_CASE("a link that is cut resets connections, new ones too, until it is up again") {
  line line;
  line.connect();
  line.link.become(condition::cut);
  CHECK(line.ending() == asio::error::connection_reset);
  line.connect();
  CHECK(line.ending() == asio::error::connection_reset);
  line.link.become(condition::up);
  line.connect();
  CHECK(line.send(line.program, line.redis, "question") == "question");
}

TEST_CASE("a link that could not accept a connection for want of descriptors does so later") {
  line line;
  line.program.open(tcp::v4());
  {
    const no_descriptors here;
    line.program.connect({asio::ip::address_v4::loopback(), line.link.port()});
    while (line.io.poll() > 0) {
    }
  }
  line.await_redis();
  CHECK(line.send(line.program, line.redis, "question") == "question");
}

TEST_CASE("what is sent through a stalled link arrives when it is up again") {
  line line;
  line.connect();
  line.link.become(condition::stalled);
  CHECK(line.send(line.program, line.redis, "question").empty());
  CHECK(line.send(line.redis, line.program, "answer").empty());
  line.link.become(condition::up);
  CHECK(line.receive(line.redis) == "question");
  CHECK(line.receive(line.program) == "answer");
}

TEST_CASE("through a link that is mute or deaf only one side hears the other, until it is up again") {
  line line;
  line.connect();
  line.link.become(condition::mute);
  CHECK(line.send(line.program, line.redis, "question").empty());
  CHECK(line.send(line.redis, line.program, "answer") == "answer");
  line.link.become(condition::deaf);
  CHECK(line.receive(line.redis) == "question");
  CHECK(line.send(line.redis, line.program, "answer").empty());
  CHECK(line.send(line.program, line.redis, "question") == "question");
  line.link.become(condition::up);
  CHECK(line.receive(line.program) == "answer");
}

TEST_CASE("nobody hears anything of a lost connection, its end included, and new ones work") {
  line line;
  line.connect();
  line.link.lose_connections();
  CHECK(line.send(line.program, line.redis, "question").empty());
  CHECK(line.send(line.redis, line.program, "answer").empty());
  line.redis.close();
  CHECK_FALSE(line.ending());
  line.connect();
  CHECK(line.send(line.program, line.redis, "question") == "question");
}

TEST_CASE("connections through a link to several servers go to one after the other") {
  using server = asio::local::stream_protocol;
  const carpool::test::temporary_folder folder;
  const server::endpoint sockets[] = {(folder.path() / "one").string(), (folder.path() / "two").string()};
  asio::io_context io;
  server::acceptor one{io, sockets[0]}, two{io, sockets[1]};
  chaos::redis_link link{io, {sockets[0], sockets[1]}};
  std::string order;
  for (int i = 0; i < 2; ++i) {
    one.async_accept([&](boost::system::error_code, server::socket) { order += "one "; });
    two.async_accept([&](boost::system::error_code, server::socket) { order += "two "; });
  }
  for (const char* expected : {"one ", "one two ", "one two one ", "one two one two "}) {
    tcp::socket program{io};
    program.connect({asio::ip::address_v4::loopback(), link.port()});
    while (order != expected) REQUIRE(io.run_one_for(std::chrono::minutes{1}) > 0);
  }
}

TEST_CASE("what comes from some addresses, or goes there, is stalled, and all else is not") {
  line line;
  line.connect();
  line.link.stall_from({asio::ip::make_address("127.0.1.1")});
  CHECK(line.send(line.program, line.redis, "question") == "question");
  line.program.close();
  line.program.open(tcp::v4());
  line.program.bind({asio::ip::make_address("127.0.1.1"), 0});
  line.program.connect({asio::ip::address_v4::loopback(), line.link.port()});
  line.await_redis();
  CHECK(line.send(line.program, line.redis, "question").empty());
  CHECK(line.send(line.redis, line.program, "answer").empty());
  line.link.stall_from({});
  CHECK(line.receive(line.redis) == "question");
  CHECK(line.receive(line.program) == "answer");
}
