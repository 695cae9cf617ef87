// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

namespace carpool::test {

/// The code of the system_error that `call()` throws; none if it throws nothing.
template <class Call>
boost::system::error_code error_of(Call call) {
  try {
    call();
  } catch (const boost::system::system_error& fault) {
    return fault.code();
  }
  return {};
}

}  // namespace carpool::test
