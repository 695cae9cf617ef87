// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <carpool/carpool.hpp>

// umbrella_twin.cpp includes the same headers as umbrella.cpp: a definition that is not inline would not link.
const boost::system::error_category& twin_category();
int twin_doubled(int number);
