// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Boost.Redis, compiled here once.

#include <boost/redis/src.hpp>
