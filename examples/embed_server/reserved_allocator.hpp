// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>

namespace embed_server {

struct reserved_block {
  alignas(std::max_align_t) std::array<std::byte, 256> bytes;
  bool taken = false;
};

/// Has memory for one object from the beginning, such as an operation of Asio's, so that what the server
/// waits for all its life can be waited for again when there is no other memory. Copies share it.
template <class T = void>
class reserved_allocator {
 public:
  using value_type = T;

  reserved_allocator() : block_(std::make_shared<reserved_block>()) {}
  template <class U>
  reserved_allocator(const reserved_allocator<U>& other) noexcept : block_(other.block_) {}

  T* allocate(std::size_t n) {
    if (block_->taken || n * sizeof(T) > block_->bytes.size()) throw std::bad_alloc();
    block_->taken = true;
    return reinterpret_cast<T*>(block_->bytes.data());
  }
  void deallocate(T*, std::size_t) noexcept { block_->taken = false; }

  template <class U>
  bool operator==(const reserved_allocator<U>& other) const noexcept {
    return block_ == other.block_;
  }

 private:
  template <class U>
  friend class reserved_allocator;

  std::shared_ptr<reserved_block> block_;
};

}  // namespace embed_server
