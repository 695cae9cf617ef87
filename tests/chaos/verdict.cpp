// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace chaos {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

template <class Condition>
bool justified(const http_exchange& exchange, std::span<const fault_window> windows, Condition fits) {
  return std::ranges::any_of(windows,
                             [&](const fault_window& each) { return fits(each) && overlap(exchange, each); });
}

bool refuses(const effects& may, const http_exchange& exchange) {
  return may.refuses && may.gateway.value_or(exchange.gateway) == exchange.gateway;
}

std::string complaint_about_status(const http_exchange& exchange, std::span<const fault_window> windows) {
  const auto took = exchange.answered - exchange.sent;
  switch (exchange.status) {
    case 0:
      return "there was no answer";
    case 200:
      return exchange.own ? "" : "the answer is not the one to this request, or something came behind it";
    case 429:
      if (justified(exchange, windows, [](const auto&) { return true; })) return "";
      return "the queue was full although there was no fault";
    case 503:
      if (justified(exchange, windows, [&](const auto& each) { return refuses(each.may, exchange); }))
        return "";
      return "refused with 503 although its gateway could reach Redis";
    case 504:
      if (took < exchange.deadline) return "504 came before the deadline";
      if (!exchange.patient || justified(exchange, windows, [](const auto& each) { return each.may.loses; }))
        return "";
      return "the text was lost: 504 although Redis had lost nothing";
    default:
      return "this status is none that was promised";
  }
}

}  // namespace

bool overlap(const http_exchange& exchange, const fault_window& window) {
  if (exchange.answered < window.begin) return false;
  return window.end == fault_window{}.end || exchange.sent <= window.end + aftermath;
}

std::string what_is_wrong(const http_exchange& exchange, std::span<const fault_window> windows) {
  const auto took = duration_cast<milliseconds>(exchange.answered - exchange.sent);
  std::string complaint = complaint_about_status(exchange, windows);
  if (complaint.empty() && took > exchange.deadline + slack) complaint = "the answer came too late";
  if (complaint.empty()) return complaint;
  return fmt::format("{} (status {}, deadline {} ms, after {} ms)", complaint, exchange.status,
                     exchange.deadline.count(), took.count());
}

}  // namespace chaos
