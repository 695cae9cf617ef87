// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Nothing: CMake wants a source in what owns a precompiled header.
