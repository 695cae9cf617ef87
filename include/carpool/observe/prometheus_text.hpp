// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace carpool {

/// Any number, as Prometheus keeps it.
struct metric_value {
  template <class Number>
  requires std::is_arithmetic_v<Number> metric_value(Number number) : value(static_cast<double>(number)) {}

  double value;
};

/// Writes Prometheus' text exposition format 0.0.4. Names and help texts are the program's own; label values
/// may hold anything.
class prometheus_text {
 public:
  using labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// The content type of what is written.
  static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

  /// Starts a metric: its samples follow. `type` is counter, gauge or histogram.
  void family(std::string_view name, std::string_view type, std::string_view help) {
    out_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }

  /// One sample of the metric started last.
  void sample(std::string_view name, labels with, metric_value value) {
    out_.append(name);
    char separator = '{';
    for (const auto& [label, text] : with) {
      out_ += separator;
      out_.append(label).append("=\"").append(escaped(text)).append("\"");
      separator = ',';
    }
    if (with.size() > 0) out_ += '}';
    out_.append(" ").append(number(value.value)).append("\n");
  }

  /// A whole metric without labels.
  void counter(std::string_view name, std::string_view help, metric_value value) {
    family(name, "counter", help);
    sample(name, {}, value);
  }
  void gauge(std::string_view name, std::string_view help, metric_value value) {
    family(name, "gauge", help);
    sample(name, {}, value);
  }

  /// A whole histogram: upper bounds in ascending order with the number of values up to each, then the sum
  /// and number of all.
  void histogram(std::string_view name, std::string_view help,
                 std::span<const std::pair<double, std::uint64_t>> buckets, metric_value sum,
                 std::uint64_t count) {
    family(name, "histogram", help);
    const std::string base(name);
    for (const auto& [bound, up_to] : buckets) sample(base + "_bucket", {{"le", number(bound)}}, up_to);
    sample(base + "_bucket", {{"le", "+Inf"}}, count);
    sample(base + "_sum", {}, sum);
    sample(base + "_count", {}, count);
  }

  /// What was written.
  std::string release() { return std::move(out_); }

 private:
  // The shortest text that reads back as the same value; whole numbers without a point or an exponent.
  static std::string number(double value) {
    char buffer[32];
    constexpr double exact = 9007199254740992;  // 2^53
    const bool whole =
        value > -exact && value < exact && value == static_cast<double>(static_cast<std::int64_t>(value));
    const auto written =
        whole ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<std::int64_t>(value))
              : std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general);
    return {buffer, written.ptr};
  }

  static std::string escaped(std::string_view label) {
    std::string result;
    for (const char c : label) {
      if (c == '\\' || c == '"') result += '\\';
      result += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return result;
  }

  std::string out_;
};

}  // namespace carpool
