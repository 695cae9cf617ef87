// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/await.hpp"
#include "support/doctest.hpp"
#include "support/redis_server.hpp"
#include "support/server_process.hpp"
#include "support/temporary_folder.hpp"
#include "test_gateway.hpp"

#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace carpool::test {

/// A worker with a lease of so many milliseconds. `redis`: a redis_server or a redis_cluster.
template <class Redis>
std::unique_ptr<server_process> start_worker(const Redis& redis, std::vector<std::string> options = {},
                                             const std::string& lease = "500") {
  std::vector<std::string> command{CARPOOL_TOY_WORKER, "--redis", redis.address(), "--lease-ms", lease};
  command.insert(command.end(), options.begin(), options.end());
  auto worker = std::make_unique<server_process>(std::move(command));
  worker->await_line("takes texts from the queue");
  return worker;
}

/// The real gateway, when it answers clients.
template <class Redis>
std::unique_ptr<server_process> start_gateway(const Redis& redis,
                                              const std::vector<std::string>& options = {}) {
  std::vector<std::string> command{CARPOOL_GATEWAY, "--port", "0", "--redis", redis.address()};
  command.insert(command.end(), options.begin(), options.end());
  auto gateway = std::make_unique<server_process>(std::move(command));
  gateway->await_line("listening on ");
  return gateway;
}

/// A text that keeps its worker busy until the test says so.
class held_text {
 public:
  held_text() { REQUIRE(::mkfifo(pipe().c_str(), 0600) == 0); }
  held_text(const held_text&) = delete;
  held_text& operator=(const held_text&) = delete;
  ~held_text() {
    if (opened_ >= 0) release();
  }

  std::string text() const { return "wait " + pipe(); }
  /// Waits until a worker runs it.
  void await_run() {
    opened_ = ::open(pipe().c_str(), O_WRONLY | O_CLOEXEC);  // no worker may keep it open
    REQUIRE(opened_ >= 0);
  }
  /// From now on nobody waits any more: whoever opens the pipe now finds an empty file.
  void release() {
    std::filesystem::rename(folder_.write("empty", ""), pipe());
    ::close(std::exchange(opened_, -1));
  }

 private:
  std::string pipe() const { return (folder_.path() / "pipe").string(); }

  temporary_folder folder_;
  int opened_ = -1;
};

inline void check_result(const cluster::text_reply& reply, const std::string& text) {
  REQUIRE(std::holds_alternative<cluster::text_result>(reply));
  const auto& result = std::get<cluster::text_result>(reply);
  CHECK(result.tokens == text.size());
  REQUIRE(result.values.size() == 4);
  CHECK(result.values[0] == static_cast<float>(text.size()));
  CHECK(result.values[1] == static_cast<float>(text.front()));
  CHECK(result.values[2] == static_cast<float>(text.back()));
}

inline cluster::failure_code code_of(const cluster::text_reply& reply) {
  REQUIRE(std::holds_alternative<cluster::text_failure>(reply));
  return std::get<cluster::text_failure>(reply).code;
}

inline boost::system::error_code error_of(std::future<test_gateway::replies> replies) {
  try {
    replies.get();
    return {};
  } catch (const boost::system::system_error& error) {
    return error.code();
  }
}

inline std::vector<std::string> many_texts(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back("text number " + std::to_string(i));
  return texts;
}

/// Nothing is left of anything in Redis.
inline void check_empty(const redis_server& redis) {
  CHECK(redis.ask("XLEN '{cp:default}:req'") == "0");
  CHECK(redis.ask("XPENDING '{cp:default}:req' w").starts_with("0"));
}

inline void end(server_process& worker) {
  worker.signal(SIGTERM);
  const int status = worker.wait();
  INFO(worker.log());
  CHECK(status == 0);
}

/// Waits until a stream of the queue has so many entries.
inline void await_length(const redis_server& redis, const std::string& stream, int entries) {
  await([&] { return redis.ask("XLEN '{cp:default}:" + stream + "'") == std::to_string(entries); });
}

/// Texts that have ever been in a queue. `requests`: the key of its stream, or that of a shard.
inline long texts_added(const redis_server& redis, const std::string& requests = "'{cp:default}:req'") {
  const std::string told = redis.ask("XINFO STREAM " + requests + " | sed -n '/^entries-added$/{n;p}'");
  return told.empty() ? 0 : std::stol(told);
}

/// Waits until a text is answered.
inline void await_recovery(test_gateway& gateway) {
  await([&] {
    try {
      check_result(gateway.submit({"after"}).get()[0], "after");
      return true;
    } catch (const cluster::redis_unavailable&) {
      return false;
    }
  });
}

}  // namespace carpool::test
