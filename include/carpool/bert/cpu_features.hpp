// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace carpool::bert {

/// The instructions of a CPU that the choice of a number format depends on.
struct cpu_features {
  bool bf16 = false;  ///< AVX512-BF16, products of bf16 numbers; every CPU with AMX's has it, too
  bool vnni = false;  ///< AVX512-VNNI, sums of 8-bit products that cannot overflow on the way
};

/// What this CPU has, and the operating system lets programs use.
inline cpu_features find_cpu_features() {
#ifdef __x86_64__
  return {.bf16 = __builtin_cpu_supports("avx512bf16") != 0,
          .vnni = __builtin_cpu_supports("avx512vnni") != 0};
#else
  return {};
#endif
}

}  // namespace carpool::bert
