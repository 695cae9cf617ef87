// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/listener.hpp"

#include "embed_server/listening_process.hpp"
#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

using namespace embed_server;
using carpool::test::temporary_folder;

namespace {

std::string refusal(const std::string& path) {
  boost::asio::io_context io;
  try {
    open_unix(io.get_executor(), path);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "was not refused";
}

}  // namespace

TEST_CASE("a port is told, and one that is taken is refused with its address") {
  boost::asio::io_context io;
  auto first = open_tcp(io.get_executor(), "127.0.0.1", 0);
  first.acceptor.listen();
  CHECK(first.port() > 0);
  CHECK(first.address() == "127.0.0.1:" + std::to_string(first.port()));
  CHECK_FALSE(first.is_unix());
  CHECK_THROWS_WITH_AS(
      open_tcp(io.get_executor(), "127.0.0.1", first.port()),
      ("cannot listen on " + first.address() + ": Address already in use by " + describe_process(::getpid()))
          .c_str(),
      std::runtime_error);
}

TEST_CASE("a port that two are bound to goes to the first who listens, and the other one is told by name") {
  boost::asio::io_context io;
  auto first = open_tcp(io.get_executor(), "127.0.0.1", 0);
  auto second = open_tcp(io.get_executor(), "127.0.0.1", first.port());
  first.listen();
  CHECK_THROWS_WITH_AS(
      second.listen(),
      ("cannot listen on " + first.address() + ": Address already in use by " + describe_process(::getpid()))
          .c_str(),
      std::runtime_error);
}

TEST_CASE("a Unix socket has a file as long as the listener lives") {
  const temporary_folder folder;
  const auto path = folder.path() / "socket";
  boost::asio::io_context io;
  {
    auto first = open_unix(io.get_executor(), path.string());
    const auto moved = std::move(first);
    CHECK(moved.is_unix());
    CHECK(moved.address() == path.string());
    CHECK(std::filesystem::is_socket(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a socket file that nobody listens on is replaced") {
  const temporary_folder folder;
  const auto path = folder.path() / "socket", aside = folder.path() / "aside";
  boost::asio::io_context io;
  {
    const auto killed = open_unix(io.get_executor(), path.string());
    std::filesystem::rename(path, aside);
  }
  std::filesystem::rename(aside, path);  // what a server leaves that was killed
  const auto next = open_unix(io.get_executor(), path.string());
  CHECK(std::filesystem::is_socket(path));
}

TEST_CASE("a listener is told of a successor at its path, and does not take away its file") {
  const temporary_folder folder;
  const auto path = folder.path() / "socket";
  boost::asio::io_context io;
  auto first = open_unix(io.get_executor(), path.string());
  const auto second = open_unix(io.get_executor(), path.string());  // the first one does not listen yet
  CHECK_THROWS_WITH_AS(
      first.listen(),
      ("cannot listen on " + path.string() + ": another process has removed its file or taken its place")
          .c_str(),
      std::runtime_error);
  first.file.remove();
  CHECK(std::filesystem::is_socket(path));
}

TEST_CASE("a path that cannot be had is refused with path and cause") {
  const temporary_folder folder;
  const auto file = folder.write("file", "precious"), socket = folder.path() / "socket";
  CHECK(refusal(file.string()) ==
        "cannot listen on " + file.string() + ": there is a file already, and no socket");
  CHECK(std::filesystem::file_size(file) == 8);
  CHECK(refusal("/nowhere/socket") == "cannot listen on /nowhere/socket: No such file or directory");
  CHECK(refusal("").ends_with("1 to 107 bytes"));
  CHECK(refusal(std::string(108, 'x')).ends_with("1 to 107 bytes"));
  boost::asio::io_context io;
  auto taken = open_unix(io.get_executor(), socket.string());
  taken.acceptor.listen();
  CHECK(refusal(socket.string()) ==
        "cannot listen on " + socket.string() + ": " + describe_process(::getpid()) + " listens there");
}
