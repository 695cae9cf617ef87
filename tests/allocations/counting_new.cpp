// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#include <allocations/counting_new.hpp>

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t calls = 0;
thread_local std::size_t successes_left = carpool::test::always;
thread_local std::size_t failures_left = 0;
thread_local std::size_t failed = 0;

void* allocate(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) {
  if (successes_left > 0) {
    --successes_left;
  } else if (failures_left > 0) {
    --failures_left;
    ++failed;
    throw std::bad_alloc();
  }
  ++calls;
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;  // aligned_alloc asks for it
  void* memory = std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

std::size_t carpool::test::allocations() noexcept { return calls; }

carpool::test::allocation_failure::allocation_failure(std::size_t successes, std::size_t failures) noexcept {
  successes_left = successes;
  failures_left = failures;
  failed = 0;
}
carpool::test::allocation_failure::~allocation_failure() { successes_left = always; }
std::size_t carpool::test::allocation_failure::failures() const noexcept { return failed; }

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
