// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "judgement.hpp"

#include "wire_error.hpp"

#include <string>

namespace cluster {
namespace {

judgement reject(failure_code code, std::string why) {
  return {.what = judgement::action::reject, .failure = {code, std::move(why)}};
}

}  // namespace

judgement judge(const delivery& received, bool worth_trying, wall_time now) {
  if (!worth_trying)
    return reject(failure_code::poisonous,
                  "the text was given up: each of the " + std::to_string(received.times - 1) +
                      " workers that had it, the last ones with nothing else to do, went away");
  try {
    judgement found{.request = parse_text_request(received.payload)};
    if (now < found.request.deadline) return found;
    return {.what = judgement::action::finish,
            .failure = {failure_code::expired, "the deadline passed before a worker had time for the text"}};
  } catch (const wire_error& error) {
    return reject(failure_code::unreadable, error.what());
  }
}

}  // namespace cluster
