// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ATen/Parallel.h>

namespace carpool::bert {

/// Lets libtorch use so many threads for one operator, on the calling thread, while the object lives. (A
/// thread that libtorch has not seen before starts with the last number that was set anywhere.)
class intra_op_threads {
 public:
  explicit intra_op_threads(int count) : before_(at::get_num_threads()) { set(count); }
  intra_op_threads(const intra_op_threads&) = delete;
  intra_op_threads& operator=(const intra_op_threads&) = delete;
  ~intra_op_threads() { set(before_); }

 private:
  static void set(int count) {
    if (at::get_num_threads() != count) at::set_num_threads(count);
  }

  int before_;
};

}  // namespace carpool::bert
