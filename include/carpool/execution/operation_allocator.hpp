// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/block_cache.hpp>
#include <carpool/execution/cache_line.hpp>
#include <carpool/execution/handler_run.hpp>

#include <cstddef>
#include <memory>

namespace carpool::execution {

/// Memory of operations whose handler has no allocator: from a block_cache, but in a run of handlers the
/// block of an operation that has ended goes straight to the request that its handler submits.
template <class T>
class operation_allocator {
 public:
  using value_type = T;

  /// In this run of handlers, if not null.
  explicit operation_allocator(handler_run* run) noexcept : run_(run) {}
  template <class U>
  operation_allocator(const operation_allocator<U>& other) noexcept : run_(other.run()) {}

  [[nodiscard]] T* allocate(std::size_t n) {
    if (!is_block(n)) return std::allocator<T>().allocate(n);
    if (run_ != nullptr && run_->has_memory(sizeof(T))) return static_cast<T*>(run_->take_memory());
    return static_cast<T*>(blocks::allocate());
  }

  void deallocate(T* memory, std::size_t n) noexcept {
    if (!is_block(n)) return std::allocator<T>().deallocate(memory, n);
    if (run_ == nullptr || !run_->keep_memory(memory, sizeof(T), &blocks::deallocate))
      blocks::deallocate(memory);
  }

  [[nodiscard]] handler_run* run() const noexcept { return run_; }

  template <class U>
  friend bool operator==(const operation_allocator&, const operation_allocator<U>&) noexcept {
    return true;  // what the one has allocated the other can free
  }

 private:
  using blocks = block_cache<(sizeof(T) + cache_line - 1) / cache_line * cache_line>;
  static constexpr std::size_t largest_block = 4096;  // larger ones would be much memory to keep
  static constexpr bool is_block(std::size_t n) noexcept {
    return n == 1 && sizeof(T) <= largest_block && alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;
  }

  handler_run* run_;
};

template <>
class operation_allocator<void> {
 public:
  using value_type = void;

  explicit operation_allocator(handler_run* run) noexcept : run_(run) {}
  [[nodiscard]] handler_run* run() const noexcept { return run_; }

 private:
  handler_run* run_;
};

}  // namespace carpool::execution
