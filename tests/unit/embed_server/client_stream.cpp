// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "embed_server/client_stream.hpp"

#include "support/doctest.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

using namespace embed_server;

TEST_CASE("H14: the end of a stream that a read ahead has found is there for the next one, too") {
  asio::io_context io;
  const auto keeps_polling = asio::make_work_guard(io);
  asio::local::stream_protocol::socket client{io}, server{io};
  asio::local::connect_pair(client, server);
  client.shutdown(asio::socket_base::shutdown_send);
  io.poll();  // hears all that the socket has to tell, while nobody reads
  const auto stream = std::make_shared<client_stream>(std::move(server), nullptr);
  std::optional<boost::system::error_code> ended;
  stream->on_input_end([&](const boost::system::error_code& ec) { ended = ec; });
  stream->read_ahead();
  io.poll();
  REQUIRE(ended);
  CHECK(ends_stream(*ended));

  std::optional<std::size_t> read;
  asio::co_spawn(io, stream->read_more(), [&](std::exception_ptr, std::size_t size) { read = size; });
  io.poll();
  CHECK(read == 0U);
  stream->close();
  io.poll();
}
