// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/brief_lock.hpp>
#include <carpool/execution/cache_line.hpp>

#include <boost/config.hpp>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <new>
#include <utility>

namespace carpool::execution {

/// AddressSanitizer looks for blocks that are used after their end, so it must see each block's end.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool every_end_is_watched = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool every_end_is_watched = true;
#else
inline constexpr bool every_end_is_watched = false;
#endif
#else
inline constexpr bool every_end_is_watched = false;
#endif

/// Blocks of one size, for operations of plain threads: they begin on one thread and end on another, and that
/// is what malloc is slowest at. Each thread keeps up to 128 for itself and gives more, 64 in one go, to
/// those who have none; up to 4096 of these are kept. Thread-safe.
template <std::size_t Size>
class block_cache {
 public:
  /// Throws std::bad_alloc.
  [[nodiscard]] static void* allocate() {
    if constexpr (every_end_is_watched) return ::operator new(Size);
    stock& mine = here;
    if (mine.open.first == nullptr) [[unlikely]] {
      keeper.touch();
      mine.open = mine.full.first != nullptr ? std::exchange(mine.full, {}) : exchange::take();
      if (mine.open.first == nullptr) return ::operator new(Size, aligned);
    }
    block* const taken = mine.open.pop();
    prefetch(mine.open.first);
    return taken;
  }

  /// (Not to be inlined: in a run of handlers blocks rarely get here.)
  BOOST_NOINLINE static void deallocate(void* memory) noexcept {
    if constexpr (every_end_is_watched) return ::operator delete(memory);
    stock& mine = here;
    if (mine.open.length == chain_length) [[unlikely]] {
      if (mine.full.first != nullptr) exchange::give(mine.full);
      mine.full = std::exchange(mine.open, {});
    }
    if (mine.open.first == nullptr) keeper.touch();
    mine.open.push(::new (memory) block);
  }

 private:
  static constexpr std::align_val_t aligned{cache_line};  // so that a block lies in as few as may be
  static constexpr std::size_t prefetched = std::min(Size, 4 * cache_line);
  static constexpr std::size_t chain_length = 64;
  static constexpr std::size_t most_chains = 64;  // that nobody needs now

  struct block {
    block* next = nullptr;
    block* next_chain = nullptr;
  };
  static_assert(sizeof(block) <= Size);

  struct chain {
    block* first = nullptr;
    std::size_t length = 0;

    void push(block* added) noexcept {
      added->next = first;
      first = added;
      ++length;
    }
    [[nodiscard]] block* pop() noexcept {
      --length;
      return std::exchange(first, first->next);
    }
    void free() noexcept {
      while (first != nullptr) ::operator delete(pop(), aligned);
    }
  };

  /// The CPU that had the next block hands it over while this one is being filled.
  static void prefetch(const block* next) noexcept {
    if (next == nullptr) return;
    for (std::size_t at = 0; at < prefetched; at += cache_line)
      __builtin_prefetch(reinterpret_cast<const std::byte*>(next) + at, 1);
  }

  /// What a thread has.
  struct stock {
    chain open;  // at most chain_length blocks
    chain full;  // none, or chain_length
  };

  /// Full chains that threads have given.
  class exchange {
   public:
    static void give(chain& full) noexcept {
      {
        const brief_lock lock(mutex);
        if (count < most_chains) {
          full.first->next_chain = std::exchange(newest, full.first);
          ++count;
          full = {};
        }
      }
      full.free();
    }
    [[nodiscard]] static chain take() noexcept {
      const brief_lock lock(mutex);
      if (newest == nullptr) return {};
      --count;
      block* const first = newest;
      newest = first->next_chain;
      return {first, chain_length};
    }

   private:
    static inline constinit std::mutex mutex;
    static inline constinit block* newest = nullptr;
    static inline constinit std::size_t count = 0;
  };

  /// Frees a thread's stock at its end.
  struct stock_keeper {
    void touch() const noexcept {}  // whoever calls this makes sure that there is one
    ~stock_keeper() {
      here.open.free();
      here.full.free();
    }
  };

  static inline constinit thread_local stock here;
  static inline thread_local stock_keeper keeper;
};

}  // namespace carpool::execution
