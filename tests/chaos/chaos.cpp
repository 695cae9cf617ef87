// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Does to a cluster what operators fear, while callers ask it, and judges what they were told and what is
// left in Redis. The exit status is 0 if everything was as promised. `--seed` draws the same faults and the
// same requests, in the same order, once more; which of them meet depends on the machine.
//
// Reading order: http_exchange, fault_window and verdict (what is right), crew, network, and stage or
// spread_stage (the cluster), fault, tormentor and callers (what happens), history (what Redis tells of it),
// report.

#include "append_only_file.hpp"
#include "callers.hpp"
#include "fault.hpp"
#include "history.hpp"
#include "journal.hpp"
#include "report.hpp"
#include "spread_stage.hpp"
#include "stage.hpp"
#include "tormentor.hpp"
#include "verdict.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace chaos;

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

// Until all requests are answered, or a fault could not be inflicted or undone.
void show_progress(std::future<void>& done, const journal& journal, std::size_t requests) {
  const auto begin = std::chrono::steady_clock::now();
  for (int second = 1; done.wait_for(std::chrono::seconds{1}) == std::future_status::timeout; ++second) {
    const bool failed = !journal.failures().empty();
    if (second % 10 != 0 && !failed) continue;
    std::string now;
    for (const auto& each : journal.windows())
      if (each.end == fault_window{}.end) now += "; " + each.name;
    const auto passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin);
    say(fmt::format("{:5.0f} s: {} of {} requests, {} faults{}", passed.count(), journal.answered(), requests,
                    journal.windows().size(), now));
    if (failed) return;
  }
}

template <class Stage>
void let_happen(Stage& cluster, journal& journal, std::size_t requests, std::uint64_t seed) {
  callers everybody{journal, cluster.crew().ports(), requests, seed};
  auto answered = std::async(std::launch::async, [&] { everybody.run(); });
  const auto answers = [&] { cluster.crew().await_answers(); };
  tormentor of_workers{answers, journal, worker_faults(cluster), seed + 1};
  tormentor of_redis{[&] { cluster.await_recovery(); }, journal, redis_faults(cluster), seed + 2};
  show_progress(answered, journal, requests);
  everybody.stop();
  answered.get();
  of_workers.stop();
  of_redis.stop();
}

std::vector<std::string> judge(const std::vector<http_exchange>& exchanges,
                               const std::vector<fault_window>& windows, std::size_t requests) {
  std::vector<std::string> complaints;
  if (exchanges.size() != requests)
    complaints.push_back(fmt::format("{} of {} requests were answered", exchanges.size(), requests));
  for (const auto& each : exchanges)
    if (auto complaint = what_is_wrong(each, windows); !complaint.empty())
      complaints.push_back(std::move(complaint));
  return complaints;
}

void judge_redis(stage& cluster, const std::vector<http_exchange>& exchanges,
                 std::vector<std::string>& complaints) {
  if (auto complaint = cluster.await_empty_queue(); !complaint.empty())
    complaints.push_back(std::move(complaint));
  if (const auto dead = cluster.redis().ask("XLEN '{cp:default}:dead'"); dead != "0")
    complaints.push_back(dead + " texts were given up, and none of them was poison");
  for (auto& complaint : cluster.crew().end()) complaints.push_back(std::move(complaint));
  cluster.redis().stop();
  history told{"default"};
  read_commands(append_only_file(cluster.redis_folder()), [&](const auto& command) { told.add(command); });
  say(fmt::format("in Redis: {} texts, {} of them withdrawn, {} without a reply, {} replies too many",
                  told.requests(), told.withdrawn(), told.unanswered(), told.repeated()));
  const auto in_vain = static_cast<std::size_t>(
      std::ranges::count_if(exchanges, [](const auto& each) { return each.status != 200; }));
  if (told.withdrawn() > 2 * in_vain)
    complaints.emplace_back("texts were withdrawn although their callers waited");
  if (told.unanswered() > 0) complaints.emplace_back("texts that Redis did not lose have no reply");
  if (told.repeated() > 0) complaints.emplace_back("a text has two replies");
}

// A text that was answered may have its reply twice in Redis: where that was lost with a master that had told
// its gateway of it. Who asked has it once, which was judged before.
void judge_redis(spread_stage& cluster, const std::vector<http_exchange>&,
                 std::vector<std::string>& complaints) {
  if (auto complaint = cluster.await_empty_queue(); !complaint.empty())
    complaints.push_back(std::move(complaint));
  if (const auto dead = cluster.dead_letters(); dead > 0)
    complaints.push_back(fmt::format("{} texts were given up, and none of them was poison", dead));
  for (auto& complaint : cluster.crew().end()) complaints.push_back(std::move(complaint));
}

template <class Stage>
bool run(Stage& cluster, std::size_t requests, std::uint64_t seed) {
  journal journal;
  let_happen(cluster, journal, requests, seed);
  for (const auto& each : journal.failures()) say("WRONG: " + each);
  if (!journal.failures().empty()) return false;
  const auto exchanges = journal.exchanges();
  const auto windows = journal.windows();
  auto complaints = judge(exchanges, windows, requests);
  say(table(exchanges, windows));
  judge_redis(cluster, exchanges, complaints);
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(most, complaints.size()); ++i) say("WRONG: " + complaints[i]);
  if (complaints.size() > most) say(fmt::format("and {} more", complaints.size() - most));
  return complaints.empty();
}

template <class Stage>
bool run(std::size_t requests, std::uint64_t seed) {
  Stage cluster{2, 4};
  bool well = false;
  try {
    well = run(cluster, requests, seed);
  } catch (const std::exception& error) {
    say(fmt::format("WRONG: {}", error.what()));
  }
  if (!well) say(cluster.crew().logs());
  return well;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t requests = 14'000;
  std::uint64_t seed = std::random_device{}();
  bool spread = false;
  CLI::App app{"What becomes of requests to a cluster while everything that can fail does, now and then."};
  app.add_option("--requests", requests, "HTTP requests, of one or two texts")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}, "1 to 1000000"))
      ->capture_default_str();
  app.add_option("--seed", seed, "Of faults, texts, deadlines and pauses; else a new one");
  app.add_flag("--redis-cluster", spread, "With six servers of Redis whose replicas take over, not one");
  CLI11_PARSE(app, argc, argv);
  say(fmt::format("to draw the same again: {} --requests {} --seed {}{}", argv[0], requests, seed,
                  spread ? " --redis-cluster" : ""));
  bool well = false;
  try {
    well = spread ? run<spread_stage>(requests, seed) : run<stage>(requests, seed);
  } catch (const std::exception& error) {
    say(fmt::format("WRONG: the cluster does not start: {}", error.what()));
  }
  say(well ? "everything as promised" : fmt::format("NOT as promised; seed {}", seed));
  return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
