// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "crew.hpp"

#include "callers.hpp"
#include "support/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>
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

crew::crew(const std::vector<std::string>& gateways, const std::vector<std::string>& workers,
           std::vector<std::string> worker_options)
    : worker_options_(std::move(worker_options)) {
  for (const auto& each : workers)
    workers_.push_back({.name = fmt::format("worker {}", workers_.size() + 1), .redis = each});
  for (const auto& each : gateways)
    gateways_.push_back({.name = fmt::format("gateway {}", gateways_.size() + 1), .redis = each});
}

void crew::start() {
  for (std::size_t i = 0; i < workers_.size(); ++i) start_worker(i);
  for (member& each : gateways_) {
    // Room for more texts than callers wait for. If nothing moves for a while, which a busy machine does
    // without any fault, impatient callers leave theirs behind and ask again, until each comes to a patient
    // request.
    each.process = std::make_unique<server_process>(
        std::vector<std::string>{CARPOOL_GATEWAY, "--redis", each.redis, "--port", "0", "--max-outstanding",
                                 std::to_string(4 * most_texts)});
  }
  await_answers();
}

void crew::start_worker(std::size_t number) {
  member& which = workers_[number];
  std::vector<std::string> command{
      CARPOOL_TOY_WORKER, "--redis", which.redis, "--lease-ms", std::to_string(worker_lease.count()),
      "--batch-ms",       "3"};
  command.insert(command.end(), worker_options_.begin(), worker_options_.end());
  which.process = std::make_unique<server_process>(std::move(command));
  which.process->await_line("takes texts from the queue");
}

void crew::kill_worker(std::size_t number) {
  workers_[number].process->signal(SIGKILL);
  workers_[number].process->wait();
}

std::vector<std::uint16_t> crew::ports() {
  std::vector<std::uint16_t> all;
  for (member& each : gateways_) all.push_back(each.process->port());
  return all;
}

void crew::await_answers(std::size_t requests) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{2};
  for (const std::uint16_t port : ports())
    for (std::size_t answered = 0; answered < requests; ++answered)
      for (std::string trouble; !(trouble = trouble_of(port)).empty(); answered = 0) {
        if (std::chrono::steady_clock::now() > until)
          throw std::runtime_error("a gateway gives no answers, but " + trouble);
        std::this_thread::sleep_for(look_again);
      }
}

std::vector<std::string> crew::end() {
  std::vector<std::string> complaints;
  for (auto* const all : {&gateways_, &workers_})
    for (member& each : *all) {
      each.process->signal(SIGTERM);
      if (const int status = each.process->wait(); status != 0)
        complaints.push_back(fmt::format("{} ended with {}", each.name, status));
    }
  return complaints;
}

std::string crew::logs() const {
  constexpr std::size_t most = 2000;
  std::string all;
  for (const auto* const group : {&gateways_, &workers_})
    for (const member& each : *group) {
      if (!each.process) continue;
      const std::string log = each.process->log();
      all += fmt::format("--- {}\n{}\n", each.name, log.substr(log.size() - std::min(log.size(), most)));
    }
  return all;
}

}  // namespace chaos
