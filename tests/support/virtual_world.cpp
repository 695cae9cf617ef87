// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include <support/virtual_world.hpp>

template class carpool::execution::intake<carpool::test::manual_clock>;
template class carpool::execution::shell<carpool::test::manual_clock>;
template class carpool::execution::batch_runner<carpool::test::manual_clock>;
template class carpool::execution::workers<carpool::test::manual_clock>;
template class carpool::execution::engine<carpool::test::manual_clock>;
