// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
// Lesson 6: what protects callers from each other. An input that makes the model throw fails alone, urgent
// requests go first, bounds change under way, and a trace shows all of it.

#include <carpool/carpool.hpp>
#include <carpool/observe/trace.hpp>

#include <boost/asio/io_context.hpp>

#include <cmath>
#include <iostream>
#include <memory>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

// It leaves its inputs as they are (const), so a batch that failed can be run again, in halves.
std::vector<double> square_roots(std::span<const double> numbers) {
  std::vector<double> roots;
  for (const double x : numbers) {
    if (x < 0) throw std::domain_error("a negative number has no root");
    roots.push_back(std::sqrt(x));
  }
  return roots;
}

int main() {
  boost::asio::io_context io;
  const auto trace = std::make_shared<carpool::trace_recorder>();
  carpool::options options{.max_batch_size = 8, .model_executor = io.get_executor(), .observer = trace};
  carpool::DynamicBatcher<double, double> batcher{io, options, square_roots};

  const auto tell = [](boost::system::error_code error, double root) {
    std::cout << (error ? error.message() : std::to_string(root)) << '\n';
  };
  for (const double x : {1., 4., 9., -16., 25., 36., 49., 64.}) batcher.async_submit(x, tell);
  io.run();
  const carpool::stats first = batcher.stats();

  options.max_batch_size = 1;  // from now on, and nobody would lose a place in the queue
  batcher.reconfigure(options);
  std::string order;
  batcher.async_submit(81, [&](boost::system::error_code, double) { order += "patient "; });
  batcher.async_submit(100, {.priority = 1}, [&](boost::system::error_code, double) { order += "urgent "; });
  io.restart();
  io.run();

  std::ostringstream file;  // a real one is opened at https://ui.perfetto.dev
  trace->write(file);
  std::cout << first.succeeded << " succeeded, " << first.failed << " failed; first " << order
            << "and a trace of " << file.str().size() << " bytes\n";
  return first.succeeded == 7 && first.failed == 1 && order == "urgent patient " ? 0 : 1;
}
