// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Everything but the libtorch adapter, which is <carpool/bert/bert.hpp>.

#pragma once

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
#include <carpool/version.hpp>
#include <carpool/with_work.hpp>
#include <carpool/work.hpp>
