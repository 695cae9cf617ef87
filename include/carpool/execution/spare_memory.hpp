// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <boost/asio/recycling_allocator.hpp>

#include <cstddef>

namespace carpool::execution {

/// A block that is always there, for something of which there is one at a time.
class spare_memory {
 public:
  spare_memory() = default;
  spare_memory(const spare_memory&) = delete;
  spare_memory& operator=(const spare_memory&) = delete;

  /// The block, or null if it is taken or too small.
  [[nodiscard]] void* take(std::size_t size) noexcept {
    if (taken_ || size > sizeof block_) return nullptr;
    taken_ = true;
    return block_;
  }

  /// False: this is not the block.
  [[nodiscard]] bool give_back(const void* memory) noexcept {
    if (memory != block_) return false;
    taken_ = false;
    return true;
  }

 private:
  alignas(std::max_align_t) std::byte block_[256];  // what an io_context or a thread_pool makes of a post
  bool taken_ = false;
};

/// Takes the block where it can, and else Asio's memory.
template <class T>
class spare_allocator {
 public:
  using value_type = T;

  explicit spare_allocator(spare_memory& memory) noexcept : memory_(&memory) {}
  template <class U>
  spare_allocator(const spare_allocator<U>& other) noexcept : memory_(&other.memory()) {}

  [[nodiscard]] T* allocate(std::size_t n) {
    if constexpr (alignof(T) <= alignof(std::max_align_t))
      if (void* block = memory_->take(n * sizeof(T))) return static_cast<T*>(block);
    return boost::asio::recycling_allocator<T>().allocate(n);
  }
  void deallocate(T* memory, std::size_t n) noexcept {
    if (!memory_->give_back(memory)) boost::asio::recycling_allocator<T>().deallocate(memory, n);
  }

  [[nodiscard]] spare_memory& memory() const noexcept { return *memory_; }

  template <class U>
  friend bool operator==(const spare_allocator& a, const spare_allocator<U>& b) noexcept {
    return &a.memory() == &b.memory();
  }

 private:
  spare_memory* memory_;
};

}  // namespace carpool::execution
