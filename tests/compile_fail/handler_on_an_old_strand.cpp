// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// error: carpool: the handler's executor is one of the Networking TS only, as io_context::strand is; take asio::make_strand(context)

#include <carpool/carpool.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/io_context_strand.hpp>
#include <boost/asio/strand.hpp>

#include <span>
#include <vector>

int main() {
  boost::asio::io_context io;
#ifdef MISTAKE
  const boost::asio::io_context::strand strand(io);
#else
  const auto strand = boost::asio::make_strand(io);
#endif
  const auto run = [](std::span<const int> inputs) { return std::vector<int>(inputs.begin(), inputs.end()); };
  carpool::DynamicBatcher<int, int> batcher{{}, run};
  batcher.async_submit(1, boost::asio::bind_executor(strand, [](boost::system::error_code, int) {}));
}
