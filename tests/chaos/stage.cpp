// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "stage.hpp"

#include "callers.hpp"
#include "support/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace chaos {
namespace {

using carpool::test::http_client;
using carpool::test::post_json;
using carpool::test::server_process;

constexpr std::chrono::milliseconds look_again{50};

// What is printed about itself by whoever is asked for a vector; empty if it is the vector.
std::string trouble_of(std::uint16_t port) {
  const std::string question = post_json("/embed", R"({"inputs":"probe"})", "x-request-timeout-ms: 2000\r\n");
  const auto answer = http_client(port).ask(question);
  return answer.status == 200 ? "" : fmt::format("status {}: {}", answer.status, answer.body);
}

}  // namespace

// Its log of commands is never written anew, so that it tells all that happened.
stage::stage(std::size_t gateways, std::size_t workers) : redis_({"--auto-aof-rewrite-percentage", "0"}) {
  for (std::size_t i = 0; i < workers; ++i) workers_.push_back(make(fmt::format("worker {}", i + 1)));
  for (std::size_t i = 0; i < gateways; ++i) gateways_.push_back(make(fmt::format("gateway {}", i + 1)));
  for (std::size_t i = 0; i < workers; ++i) start_worker(i);
  for (member& each : gateways_) {
    auto all = command(CARPOOL_GATEWAY, each);
    // Room for more texts than callers wait for. If nothing moves for a while, which a busy machine does
    // without any fault, impatient callers leave theirs behind and ask again, until each comes to a patient
    // request.
    all.insert(all.end(), {"--port", "0", "--max-outstanding", std::to_string(4 * most_texts)});
    each.process = std::make_unique<server_process>(std::move(all));
  }
  await_answers();
}

stage::member stage::make(std::string name) {
  return {.name = std::move(name),
          .link = std::make_unique<redis_link>(network_, redis_.socket()),
          .process = {}};
}

std::vector<std::string> stage::command(const char* program, const member& of) const {
  return {program, "--redis", fmt::format("127.0.0.1:{}", of.link->port())};
}

void stage::start_worker(std::size_t number) {
  member& which = workers_[number];
  auto all = command(CARPOOL_TOY_WORKER, which);
  all.insert(all.end(), {"--lease-ms", std::to_string(worker_lease.count()), "--batch-ms", "3"});
  which.process = std::make_unique<server_process>(std::move(all));
  which.process->await_line("takes texts from the queue");
}

void stage::kill_worker(std::size_t number) {
  workers_[number].process->signal(SIGKILL);
  workers_[number].process->wait();
}

std::vector<std::uint16_t> stage::ports() {
  std::vector<std::uint16_t> all;
  for (member& each : gateways_) all.push_back(each.process->port());
  return all;
}

void stage::await_answers() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{2};
  for (const std::uint16_t port : ports()) {
    for (std::string trouble; !(trouble = trouble_of(port)).empty(); std::this_thread::sleep_for(look_again))
      if (std::chrono::steady_clock::now() > until)
        throw std::runtime_error("a gateway gives no answers, but " + trouble);
  }
}

std::string stage::await_empty_queue() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  for (;;) {
    const std::string length = redis_.ask("XLEN '{cp:default}:req'");
    const std::string pending = redis_.ask("XPENDING '{cp:default}:req' w");
    if (length == "0" && pending.starts_with("0")) return "";
    if (std::chrono::steady_clock::now() > until)
      return fmt::format("entries are left in the queue: {}; pending: {}", length, pending);
    std::this_thread::sleep_for(look_again);
  }
}

std::vector<std::string> stage::end() {
  std::vector<std::string> complaints;
  for (auto* const all : {&gateways_, &workers_})
    for (member& each : *all) {
      each.process->signal(SIGTERM);
      if (const int status = each.process->wait(); status != 0)
        complaints.push_back(fmt::format("{} ended with {}", each.name, status));
    }
  return complaints;
}

std::string stage::logs() const {
  constexpr std::size_t most = 2000;
  std::string all;
  for (const auto* const group : {&gateways_, &workers_})
    for (const member& each : *group) {
      const std::string log = each.process->log();
      all += fmt::format("--- {}\n{}\n", each.name, log.substr(log.size() - std::min(log.size(), most)));
    }
  return all;
}

}  // namespace chaos
