// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What a service did, as text, one event a line, times in seconds from any origin:
//
//   request,ARRIVAL[,WORK]
//   batch,START,SIZE,WORK,DURATION
//
// WORK is what the work function makes of a request, or batch_work of a batch, at least 0; left out it is 1.
// Lines may come in any order; empty ones and those that begin with # are skipped. Requests tell the traffic,
// batches what the model costs; either may be missing.

#pragma once

#include <carpool/simulate/arrivals.hpp>
#include <carpool/simulate/dice.hpp>
#include <carpool/time.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <istream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace carpool::simulate {

/// A batch that ran.
struct recorded_batch {
  double start = 0;  ///< seconds
  std::size_t size = 1;
  double work = 1;
  double duration = 0;  ///< seconds
};

struct recorded_trace {
  std::vector<arrival> requests;        ///< in order; the first arrives at time_point{}
  std::vector<recorded_batch> batches;  ///< by start
};

/// Reads a recording. Throws std::runtime_error with the number of a line that is none of the above, or after
/// which nothing could be read.
class trace_reader {
 public:
  [[nodiscard]] recorded_trace read(std::istream& in) {
    for (std::string line; std::getline(in, line);) {
      ++number_;
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty() && line.front() != '#') parse(line);
    }
    if (in.bad()) throw std::runtime_error("nothing can be read after line " + std::to_string(number_));
    std::sort(arrivals_.begin(), arrivals_.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    std::sort(read_.batches.begin(), read_.batches.end(),
              [](const auto& a, const auto& b) { return a.start < b.start; });
    for (const auto& [at, work] : arrivals_)
      read_.requests.push_back({time_point{} + from_seconds(at - arrivals_.front().at), work});
    return std::move(read_);
  }

 private:
  struct timed_work {
    double at, work;
  };

  void parse(std::string_view line) {
    const std::string_view kind = line.substr(0, line.find(','));
    const auto fields = numbers(line.substr(std::min(kind.size() + 1, line.size())));
    if (kind == "request" && (fields.size() == 1 || (fields.size() == 2 && fields[1] >= 0)))
      arrivals_.push_back({fields[0], fields.size() == 2 ? fields[1] : 1});
    else if (kind == "batch" && fields.size() == 4 && fields[1] >= 1 && fields[1] < most && fields[2] >= 0 &&
             fields[3] >= 0 && fields[3] <= longest)
      read_.batches.push_back({fields[0], static_cast<std::size_t>(fields[1]), fields[2], fields[3]});
    else
      fail();
  }

  [[nodiscard]] std::vector<double> numbers(std::string_view text) const {
    std::vector<double> found;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find(',', at), text.size());
      double value = 0;
      const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, value);
      if (error != std::errc{} || stop != text.data() + end || !std::isfinite(value)) fail();
      found.push_back(value);
      at = end + 1;
    }
    return found;
  }

  static constexpr double most = 9007199254740992;  // 2^53 requests in a batch
  static constexpr double longest = 1e9;            // seconds; the cost of longer ones cannot be computed

  [[noreturn]] void fail() const {
    throw std::runtime_error("line " + std::to_string(number_) +
                             " is neither request,ARRIVAL[,WORK] nor batch,START,SIZE,WORK,DURATION");
  }

  std::size_t number_ = 0;
  std::vector<timed_work> arrivals_;
  recorded_trace read_;
};

[[nodiscard]] inline recorded_trace read_trace(std::istream& in) { return trace_reader{}.read(in); }

}  // namespace carpool::simulate
