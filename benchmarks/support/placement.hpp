// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
//
// Which CPU the threads of a measurement run on: with callers and workers on one CPU there are no cache lines
// to transfer and no sleeping CPUs to wake, on two there are, and the two rank designs differently.

#pragma once

#include <sched.h>

#include <cerrno>
#include <system_error>

namespace bench {

struct placement {
  const char* name;
  int callers;
  int workers;
};
inline constexpr placement one_cpu{"1 CPU", 0, 0};
inline constexpr placement two_cpus{"2 CPU", 0, 1};

/// Moves the calling thread, and the threads that it starts from now on, to this CPU.
inline void run_on(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0)
    throw std::system_error(errno, std::generic_category(), "sched_setaffinity");
}

}  // namespace bench
