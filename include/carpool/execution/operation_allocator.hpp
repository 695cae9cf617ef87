// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/handler_run.hpp>

#include <boost/asio/recycling_allocator.hpp>

#include <cstddef>

namespace carpool::execution {

/// Memory of operations whose handler has no allocator: Asio's, but in a run of handlers the block of an
/// operation that has ended goes straight to the request that its handler submits.
template <class T>
class operation_allocator {
 public:
  using value_type = T;

  operation_allocator() = default;
  template <class U>
  operation_allocator(const operation_allocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t n) {
    if constexpr (keeps)
      if (void* kept = handler_run::kept_memory(n * sizeof(T))) return static_cast<T*>(kept);
    return boost::asio::recycling_allocator<T>().allocate(n);
  }

  void deallocate(T* memory, std::size_t n) noexcept {
    if constexpr (keeps)
      if (handler_run::keep_memory(memory, n * sizeof(T))) return;
    boost::asio::recycling_allocator<T>().deallocate(memory, n);
  }

  template <class U>
  friend bool operator==(const operation_allocator&, const operation_allocator<U>&) noexcept {
    return true;
  }

 private:
  static constexpr bool keeps = alignof(T) <= alignof(std::max_align_t);
};

template <>
class operation_allocator<void> {
 public:
  using value_type = void;
};

}  // namespace carpool::execution
