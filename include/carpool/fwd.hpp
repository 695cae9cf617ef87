// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Names without their definitions, for headers that only mention a batcher.

#pragma once

#include <chrono>

namespace carpool {

struct options;
struct submit_options;
struct stats;
struct forecast;
class time_limit;
class adaptive;
class eager;
class size_or_timeout;

template <class Collate, class Model, class Split>
struct functor_set;

template <class In, class Out, class Clock>
class basic_dynamic_batcher;

/// The batcher that programs use; tests instantiate basic_dynamic_batcher with a clock of their own.
template <class In, class Out>
using DynamicBatcher = basic_dynamic_batcher<In, Out, std::chrono::steady_clock>;

}  // namespace carpool
