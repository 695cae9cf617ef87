// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "report.hpp"

#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <vector>

namespace chaos {
namespace {

struct row {
  std::size_t times = 0;
  double seconds = 0;
  std::map<unsigned, std::size_t> answers;
};

void print(std::string& out, const std::string& name, const row& row) {
  const auto count = [&](unsigned status) {
    const auto found = row.answers.find(status);
    return found == row.answers.end() ? 0 : found->second;
  };
  out += fmt::format("{:28} {:5} {:8.1f} {:8} {:6} {:6} {:6}\n", name, row.times, row.seconds, count(200),
                     count(429), count(503), count(504));
}

// Patient callers would have had a vector if Redis had not lost the text.
std::string losses(std::span<const http_exchange> exchanges) {
  const auto lost =
      std::ranges::count_if(exchanges, [](const auto& each) { return each.patient && each.status == 504; });
  return fmt::format("{} patient callers were told at their deadline, because Redis had lost a text\n", lost);
}

// Only of these it is certain that no fault can excuse an answer.
std::string share(std::size_t calm, std::size_t all) {
  return fmt::format("{} of {} requests ({:.1f} %) met no fault and no aftermath\n", calm, all,
                     all == 0 ? 0.0 : 100.0 * static_cast<double>(calm) / static_cast<double>(all));
}

// How much later than their deadlines the latest of a thousand, and of all, were answered.
std::string lateness(std::span<const http_exchange> exchanges) {
  std::vector<double> late;
  for (const auto& each : exchanges)
    late.push_back(std::chrono::duration<double>(each.answered - each.sent - each.deadline).count());
  if (late.empty()) return "";
  std::ranges::sort(late);
  return fmt::format(
      "answered {:.3f} s after the deadline at the latest; of 1000, 999 not later than {:.3f} s\n",
      late.back(), late[late.size() * 999 / 1000]);
}

}  // namespace

std::string table(std::span<const http_exchange> exchanges, std::span<const fault_window> windows) {
  std::map<std::string, row> rows;
  row all, calm;
  std::size_t undisturbed = 0;
  for (const auto& each : windows) {
    row& mine = rows[each.name];
    ++mine.times;
    mine.seconds += std::chrono::duration<double>(each.end - each.begin).count();
  }
  for (const auto& exchange : exchanges) {
    ++all.answers[exchange.status];
    std::map<std::string, bool> met;
    for (const auto& each : windows)
      if (overlap(exchange, each)) met[each.name] = true;
    for (const auto& [name, yes] : met) ++rows[name].answers[exchange.status];
    if (!met.empty()) continue;
    ++calm.answers[exchange.status];
    ++undisturbed;
  }
  std::string out = fmt::format("{:28} {:>5} {:>8} {:>8} {:>6} {:>6} {:>6}\n", "fault", "times", "seconds",
                                "200", "429", "503", "504");
  for (const auto& [name, each] : rows) print(out, name, each);
  print(out, "none of them", calm);
  print(out, "all requests", all);
  return out + share(undisturbed, exchanges.size()) + losses(exchanges) + lateness(exchanges);
}

}  // namespace chaos
