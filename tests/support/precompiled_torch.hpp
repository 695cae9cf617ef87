// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// What the tests of carpool::bert include of libtorch, precompiled for clang; see precompiled.hpp.

#pragma once

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/InferenceMode.h>

#include <support/precompiled.hpp>
