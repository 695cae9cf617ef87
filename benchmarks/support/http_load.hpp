// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

inline std::string post(const std::string& path, const std::string& json) {
  return "POST " + path + " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(json.size()) + "\r\n\r\n" + json;
}

/// `POST /embed` of one text, which must need no escaping.
inline std::string embed_request(const std::string& text) {
  return post("/embed", R"({"text":")" + text + R"("})");
}

/// Likewise as OpenAI's own client asks by default, for base64 in place of decimals.
inline std::string openai_request(const std::string& text) {
  return post("/v1/embeddings", R"({"input":")" + text + R"(","model":"any","encoding_format":"base64"})");
}

/// A closed loop on the calling thread: each of some connections sends the next request as soon as its last
/// one is answered, until all are.
class http_load {
 public:
  http_load(std::uint16_t port, std::vector<std::string> requests)
      : server_(boost::asio::ip::address_v4::loopback(), port), requests_(std::move(requests)) {}

  /// Sends every request once and returns the bodies of the answers, in the order of the requests. Throws
  /// std::runtime_error for an answer other than 200.
  std::vector<std::string> run(std::size_t connections) {
    next_ = 0;
    answers_.assign(requests_.size(), {});
    boost::asio::io_context io{1};
    for (std::size_t i = 0; i < std::min(connections, requests_.size()); ++i) {
      boost::asio::co_spawn(io, converse(), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
      });
    }
    io.run();
    return std::move(answers_);
  }

 private:
  boost::asio::awaitable<void> converse() {
    using boost::asio::use_awaitable;
    boost::asio::ip::tcp::socket socket{co_await boost::asio::this_coro::executor};
    co_await socket.async_connect(server_, use_awaitable);
    socket.set_option(boost::asio::ip::tcp::no_delay{true});
    std::string received;
    while (next_ < requests_.size()) {
      const std::size_t mine = next_++;
      co_await boost::asio::async_write(socket, boost::asio::buffer(requests_[mine]), use_awaitable);
      const std::size_t header = co_await boost::asio::async_read_until(
          socket, boost::asio::dynamic_buffer(received), "\r\n\r\n", use_awaitable);
      const std::size_t length = header + body_length(std::string_view(received).substr(0, header));
      if (received.size() < length) {
        const std::size_t missing = length - received.size();
        co_await boost::asio::async_read(socket, boost::asio::dynamic_buffer(received),
                                         boost::asio::transfer_exactly(missing), use_awaitable);
      }
      answers_[mine] = received.substr(header);
      received.clear();
    }
  }

  static std::size_t body_length(std::string_view header) {
    if (!header.starts_with("HTTP/1.1 200 ")) throw std::runtime_error("answer: " + std::string(header));
    constexpr std::string_view field = "Content-Length: ";
    const auto at = header.find(field);
    if (at == header.npos) throw std::runtime_error("answer without Content-Length");
    return std::stoul(std::string(header.substr(at + field.size(), 20)));
  }

  boost::asio::ip::tcp::endpoint server_;
  std::vector<std::string> requests_;
  std::vector<std::string> answers_;
  std::size_t next_ = 0;
};

}  // namespace bench
