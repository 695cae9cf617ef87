// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#if __cplusplus < 202002L
#error "carpool needs C++20: compile with -std=c++20"
#endif

#include <boost/version.hpp>
#if BOOST_VERSION < 108100
#error "carpool needs Boost 1.81 or newer: this one is older"
#endif

/// The version of the library as one number that the preprocessor can compare: major * 10000 + minor * 100 +
/// patch, so 1.2.3 is 10203 and 0.1.0 is 100. Versions follow semver; while the major version is 0, a new
/// minor version may break source compatibility (CHANGELOG.md says where).
#define CARPOOL_VERSION 100

/// The same version as text, "major.minor.patch". The build reads the project's version from this line.
#define CARPOOL_VERSION_STRING "0.1.0"
