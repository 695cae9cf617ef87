// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// The batcher and all that it takes. What only some need is apart: traces (<carpool/observe/trace.hpp>),
// Prometheus metrics (<carpool/observe/prometheus.hpp>), trying options on a recording
// (<carpool/simulate/...>), and the adapters of libtorch (<carpool/bert/bert.hpp>,
// <carpool/tensors/batched.hpp>).

#pragma once

// clang-format off
#include <carpool/version.hpp>  // first, for it says so where C++ or Boost is too old
// clang-format on

#include <carpool/concepts.hpp>
#include <carpool/dynamic_batcher.hpp>
#include <carpool/error.hpp>
#include <carpool/functor_set.hpp>
#include <carpool/fwd.hpp>
#include <carpool/observe/observer.hpp>
#include <carpool/options.hpp>
#include <carpool/scheduling/adaptive.hpp>
#include <carpool/scheduling/eager.hpp>
#include <carpool/scheduling/forecast.hpp>
#include <carpool/scheduling/policy.hpp>
#include <carpool/scheduling/size_or_timeout.hpp>
#include <carpool/single_flight.hpp>
#include <carpool/stats.hpp>
#include <carpool/time.hpp>
#include <carpool/with_work.hpp>
#include <carpool/work.hpp>
