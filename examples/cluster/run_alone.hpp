// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace cluster {

namespace asio = boost::asio;

/// The result of an operation that everything else on the io_context is there for: that stops with it. Throws
/// what the operation throws, and what a handler lets out, unless `run` goes on after that: it runs the
/// io_context until that is stopped. The result is T{} if Asio destroyed the operation, for want of memory to
/// start what it awaits.
template <class T>
T run_alone(
    asio::io_context& io, asio::awaitable<T> operation,
    void (*run)(asio::io_context&) = [](asio::io_context& given) { given.run(); }) {
  std::exception_ptr failure;
  T result{};
  std::shared_ptr<void> at_end(nullptr, [&io](void*) { io.stop(); });  // only the handler holds it
  asio::co_spawn(io, std::move(operation),
                 [&, at_end = std::move(at_end)](std::exception_ptr error, T value) {
                   failure = error;
                   result = std::move(value);
                 });
  run(io);
  if (failure) std::rethrow_exception(failure);
  return result;
}

}  // namespace cluster
