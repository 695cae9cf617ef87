// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <carpool/execution/home.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>

#include <support/doctest.hpp>

namespace asio = boost::asio;
using carpool::execution::home;

TEST_CASE("a home knows its executor again, in its own type or any") {
  asio::io_context io;
  asio::io_context other;
  const home own(io.get_executor());
  CHECK(own.context() == &io);
  CHECK(own.is(io.get_executor()));
  CHECK(own.is(asio::any_io_executor(io.get_executor())));
  CHECK(!own.is(other.get_executor()));
  CHECK(!own.is(asio::any_io_executor(other.get_executor())));
  CHECK(!own.is(asio::make_strand(io)));
  CHECK(!own.is(asio::any_io_executor(asio::make_strand(io))));
  CHECK(!own.is(asio::system_executor()));
}

TEST_CASE("a home need not be an io_context") {
  asio::io_context io;
  const auto strand = asio::make_strand(io);
  const home own{asio::any_io_executor(strand)};
  CHECK(own.context() == &io);
  CHECK(own.is(strand));
  CHECK(own.is(asio::any_io_executor(strand)));
  CHECK(!own.is(io.get_executor()));
  CHECK(!own.is(asio::any_io_executor(io.get_executor())));
  CHECK(!own.is(asio::make_strand(io)));
}
