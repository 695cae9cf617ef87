// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "gpu_reading.hpp"
#include <carpool/observe/prometheus_text.hpp>

#include <span>
#include <utility>

namespace embed_server {

/// One metric, of those GPUs of which `value_of(reading)`, an optional, is told. `label` names what holds the
/// device's name.
template <class ValueOf>
void add_gpu_gauge(carpool::prometheus_text& text, const char* name, const char* help, const char* label,
                   std::span<const gpu_reading> gpus, ValueOf value_of) {
  bool first = true;
  for (const gpu_reading& each : gpus) {
    const auto value = value_of(each);
    if (!value) continue;
    if (std::exchange(first, false)) text.family(name, "gauge", help);
    text.sample(name, {{label, each.device}}, *value);
  }
}

}  // namespace embed_server
