// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <carpool/execution/submission.hpp>

#include <boost/asio/execution_context.hpp>
#include <boost/config.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace carpool::execution {

/// A batcher that has to let requests into its queue, and look at it. It may have ended.
class looker {
 public:
  /// A chain as of inbox::take(); null if it has been recalled.
  virtual void look(submission* chain) = 0;

 protected:
  ~looker() = default;
};

/// Marks, on the current thread, that handlers of operations that ended together are called one after the
/// other; marks nest. Each of them may well submit the next request, so the batcher looks at its queue when
/// all have been called or a batch is full: it finds that batch instead of its first request, is woken once,
/// needs no timer for a batch that fills, and reads the clock once, when they arrive.
class handler_run {
 public:
  /// The handlers belong to this context; null if their executor does not tell.
  explicit handler_run(const boost::asio::execution_context* context) noexcept
      : context_(context), outer_(std::exchange(innermost, this)) {}
  handler_run(const handler_run&) = delete;
  handler_run& operator=(const handler_run&) = delete;
  ~handler_run() {
    innermost = outer_;
    if (memory_size_ > 0) free_(memory_);
  }

  /// To be called after the last handler. `idle`, if there is one, has a timer that it does not need if the
  /// handlers have submitted nothing: it looks in any case.
  void finish(const std::shared_ptr<looker>& idle = nullptr) {
    const bool has_still_to_look = idle != looker_;
    if (looker_ != nullptr) look();
    if (has_still_to_look && idle != nullptr) idle->look(nullptr);
  }

  /// The innermost one of this thread; null outside a run.
  [[nodiscard]] static handler_run* current() noexcept { return innermost; }

  /// Keeps a block for the next operation of the same size, or until `free` takes it back, if there is none
  /// yet: false if it cannot.
  [[nodiscard]] bool keep_memory(void* memory, std::size_t size, void (*free)(void*) noexcept) noexcept {
    if (memory_size_ > 0) return false;
    memory_ = memory;
    memory_size_ = size;
    free_ = free;
    return true;
  }
  /// There is a kept block of this size to take.
  [[nodiscard]] bool has_memory(std::size_t size) const noexcept { return memory_size_ == size; }
  [[nodiscard]] void* take_memory() noexcept {
    memory_size_ = 0;
    return memory_;
  }

  /// Keeps a submission for `who` to let in at the end of this run, or when `who.enough()` have been kept.
  /// False if it has to be let in at once: for a second batcher, and if its handler belongs to another
  /// context, because somebody may wait for that in this run.
  template <class Looker>
  [[nodiscard]] BOOST_FORCEINLINE bool keep(submission& one, Looker& who,
                                            const boost::asio::execution_context* context) {
    if (context_ != context) return false;
    if (looker_.get() != &who && !accept(who)) [[unlikely]]
      return false;
    kept_.push(one);
    if (--wanted_ == 0) [[unlikely]]
      look();
    return true;
  }

  /// Something else happens to this batcher now: what has been kept for it on this thread, a chain as of
  /// inbox::take().
  [[nodiscard]] static submission* recall(const looker& who) noexcept {
    handler_run* outermost = nullptr;
    for (handler_run* run = innermost; run != nullptr; run = run->outer_)
      if (run->looker_.get() == &who && !run->kept_.empty()) outermost = run;
    return outermost == nullptr ? nullptr : outermost->kept_.take();
  }

 private:
  static inline thread_local handler_run* innermost = nullptr;

  BOOST_NOINLINE void look() { std::exchange(looker_, nullptr)->look(kept_.take()); }

  /// It will look if no other one does.
  template <class Looker>
  BOOST_NOINLINE bool accept(Looker& who) {
    if (looker_ != nullptr || context_ == nullptr) return false;
    looker_ = who.shared_from_this();
    wanted_ = who.enough();
    return true;
  }

  const boost::asio::execution_context* const context_;
  handler_run* const outer_;
  std::shared_ptr<looker> looker_;  // who the submissions are for
  submission_chain kept_;           // for looker_
  std::size_t wanted_ = 0;          // submissions before it looks
  void* memory_ = nullptr;
  std::size_t memory_size_ = 0;  // 0: none is kept
  void (*free_)(void*) noexcept = nullptr;
};

}  // namespace carpool::execution
