// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The scores of every cell as JSON.

#pragma once

#include "contenders.hpp"
#include "summary.hpp"
#include "support/write_file.hpp"

#include <cstddef>
#include <ostream>
#include <span>
#include <sstream>
#include <string>

namespace bench {

inline void write_cell(std::ostream& out, const cell_result& result, std::span<const contender> contenders) {
  const cell& c = result.where;
  out << "{\"per_batch_seconds\": " << c.per_batch << ", \"per_request_seconds\": " << c.per_request
      << ", \"max_batch_size\": " << c.max_batch_size << ", \"lanes\": " << c.lanes
      << ", \"one_device\": " << (c.one_device ? "true" : "false") << ", \"deadline_seconds\": ";
  if (c.has_deadline())
    out << c.deadline;
  else
    out << "null";
  out << ", \"traffic\": \"" << to_string(c.traffic) << "\", \"load\": " << c.load << ", \"policies\": {";
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const score& s = result.scores[i];
    out << (i == 0 ? "" : ", ") << '"' << contenders[i].name << "\": {\"goodput\": " << s.goodput
        << ", \"mean_seconds\": " << s.mean << ", \"p99_seconds\": " << s.p99
        << ", \"mean_batch_size\": " << s.mean_batch << ", \"regret\": " << regret(result, i) << '}';
  }
  out << "}}";
}

/// Throws std::runtime_error if the file cannot be written.
inline void write_json(const std::string& path, std::span<const cell_result> results,
                       std::span<const contender> contenders) {
  std::ostringstream out;
  out << "[\n";
  for (std::size_t i = 0; i < results.size(); ++i) {
    write_cell(out, results[i], contenders);
    out << (i + 1 < results.size() ? ",\n" : "\n");
  }
  out << "]\n";
  write_file(path, out.str());
}

}  // namespace bench
