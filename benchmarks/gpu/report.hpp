// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What is measured, as JSON, a line each; and how long something takes on a device.

#pragma once

#include "support/clock.hpp"
#include "support/interleaved.hpp"

#include <c10/core/Device.h>

#ifdef CARPOOL_BERT_CUDA
#include <c10/cuda/CUDAFunctions.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <exception>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench {

/// One line: {"step": ..., and what is added}.
class json_line {
 public:
  explicit json_line(const std::string& step) { add("step", step); }

  json_line& add(const std::string& name, const std::string& value) {
    return put(name, '"' + escaped(value) + '"');
  }
  template <class Number>
  requires std::is_arithmetic_v<Number> json_line& add(const std::string& name, Number number) {
    const auto value = static_cast<double>(number);
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return put(name, std::isfinite(value) ? text : "null");
  }

  void print() const {
    std::printf("{%s}\n", text_.c_str());
    std::fflush(stdout);
  }

 private:
  json_line& put(const std::string& name, const std::string& value) {
    text_ += (text_.empty() ? "\"" : ", \"") + name + "\": " + value;
    return *this;
  }

  static std::string escaped(const std::string& text) {
    std::string result;
    for (const char c : text) {
      if (c == '"' || c == '\\') result += '\\';
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return result;
  }

  std::string text_;
};

/// Waits for what has been put on the device.
inline void finish(c10::Device device) {
#ifdef CARPOOL_BERT_CUDA
  if (device.is_cuda()) c10::cuda::device_synchronize();
#else
  static_cast<void>(device);
#endif
}

/// Seconds that `work(i)` takes, i counting from 0 so that inputs can take turns: the median of samples,
/// until `budget` seconds are spent. A sample is so many runs in a row, waited for together, that starting
/// and waiting do not count where the device runs behind.
template <class Work>
double time_of(c10::Device device, double budget, Work work) {
  std::size_t i = 0;
  const auto sample_of = [&](std::size_t runs) {
    const double start = seconds(CLOCK_MONOTONIC);
    for (std::size_t run = 0; run < runs; ++run) work(i++);
    finish(device);
    return (seconds(CLOCK_MONOTONIC) - start) / static_cast<double>(runs);
  };
  sample_of(1);
  const double first = sample_of(2);
  const double runs = std::clamp(budget / 10 / std::max(first, 1e-7), 1.0, 1000.0);
  std::vector<double> sample;
  const double end = seconds(CLOCK_MONOTONIC) + budget;
  do {
    sample.push_back(sample_of(static_cast<std::size_t>(runs)));
  } while (seconds(CLOCK_MONOTONIC) < end);
  return spread_of(std::move(sample)).median;
}

/// Runs a step; one that fails is a line that says why, and no loss for the others.
inline void attempt(const std::string& step, const std::function<void()>& work) {
  std::fprintf(stderr, "%s\n", step.c_str());
  const double start = seconds(CLOCK_MONOTONIC);
  try {
    work();
  } catch (const std::exception& failure) {
    const std::string what = failure.what();
    json_line(step).add("failed", what.substr(0, what.find('\n'))).print();
  }
  json_line("time").add("of", step).add("seconds", seconds(CLOCK_MONOTONIC) - start).print();
}

}  // namespace bench
