// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace carpool {

/// Any number, as Prometheus keeps it.
struct metric_value {
  template <class Number>
  requires std::is_arithmetic_v<Number> metric_value(Number number) : value(static_cast<double>(number)) {}

  double value;
};

/// Writes Prometheus' text exposition format 0.0.4. Names and help texts are the program's own; label values
/// may be any text in UTF-8.
class prometheus_text {
 public:
  using labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// The content type of what is written.
  static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

  /// From now on every sample has these labels, in front of its own: such as the model that it is about,
  /// where there are several.
  void set_common_labels(std::vector<std::pair<std::string, std::string>> common) {
    common_ = std::move(common);
  }

  /// Starts a metric: its samples follow. `type` is counter, gauge or histogram. A name that was there before
  /// goes on with that metric, so that all of its samples stand together, as the format demands.
  void family(std::string_view name, std::string_view type, std::string_view help) {
    const auto [found, is_new] = places_.try_emplace(std::string(name), families_.size());
    current_ = found->second;
    if (!is_new) return;
    std::string& text = families_.emplace_back();
    text.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }

  /// One sample of the metric started last. Precondition: there is one.
  void sample(std::string_view name, labels with, metric_value value) {
    std::string& out = families_[current_];
    out.append(name);
    char separator = '{';
    const auto add = [&](std::string_view label, std::string_view text) {
      out += separator;
      out.append(label).append("=\"").append(escaped(text)).append("\"");
      separator = ',';
    };
    for (const auto& [label, text] : common_) add(label, text);
    for (const auto& [label, text] : with) add(label, text);
    if (separator == ',') out += '}';
    out.append(" ").append(number(value.value)).append("\n");
  }

  /// A whole metric without labels of its own.
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

  /// What was written. Nothing is left.
  std::string release() {
    std::string all;
    for (const std::string& text : families_) all += text;
    *this = {};
    return all;
  }

 private:
  // The shortest text that reads back as the same value; whole numbers without a point or an exponent.
  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";  // which has no sign here, though that of 0.0 / 0.0 may have one
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

  std::vector<std::string> families_;  // each with its samples, in the order of their start
  std::map<std::string, std::size_t> places_;
  std::size_t current_ = 0;
  std::vector<std::pair<std::string, std::string>> common_;
};

}  // namespace carpool
