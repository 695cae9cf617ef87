// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/await.hpp"
#include "support/http_client.hpp"
#include "support/server_process.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <string>
#include <thread>
#include <vector>

namespace carpool::test {

/// Clients that ask a gateway, one request after the other, until they are told to stop; each answer must be
/// the right one.
class busy_clients {
 public:
  explicit busy_clients(server_process& gateway) {
    for (int i = 0; i < 2; ++i)
      clients_.emplace_back([this, i, port = gateway.port()] {
        for (unsigned asked = 0; !stopped_; ++asked)
          ask(port, std::string(asked % 900 + 1, i == 0 ? 'a' : 'b'));
      });
  }
  busy_clients(const busy_clients&) = delete;
  busy_clients& operator=(const busy_clients&) = delete;
  ~busy_clients() { stop(); }

  /// Waits until so many more have been answered, rightly or not.
  void await_more(unsigned answers) {
    const unsigned until = right_ + wrong_ + answers;
    await([&] { return right_ + wrong_ >= until; });
  }

  /// How many had another answer than they should, or none.
  unsigned stop() {
    stopped_ = true;
    for (auto& each : clients_)
      if (each.joinable()) each.join();
    return wrong_;
  }

 private:
  void ask(std::uint16_t port, const std::string& text) {
    const std::string size = std::to_string(text.size()), byte = std::to_string(int{text[0]});
    try {
      const auto answer = http_client(port).ask(post_json("/embed", R"({"inputs":")" + text + R"("})"));
      ++(answer.body == "[[" + size + "," + byte + "," + byte + ",1]]" ? right_ : wrong_);
    } catch (const std::exception&) {
      ++wrong_;
    }
  }

  std::atomic<bool> stopped_ = false;
  std::atomic<unsigned> right_ = 0, wrong_ = 0;
  std::vector<std::thread> clients_;
};

}  // namespace carpool::test
