// SPDX-License-Identifier: MIT
// Memory that ends, or begins, at a page nobody may touch: a kernel that reads or writes one byte
// too far dies of it. And the rig that takes a kernel through lengths, alignments and targets.
#pragma once

#include "encode/kernels.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>

namespace qmpshot::test {

// `size` bytes between two guard pages.
class GuardedMemory {
 public:
  explicit GuardedMemory(std::size_t size)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        inner_((size + page_ - 1) / page_ * page_) {
    void* mapped = mmap(nullptr, inner_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<std::uint8_t*>(mapped);
    if (mprotect(base_ + page_, inner_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;
  ~GuardedMemory() { munmap(base_, inner_ + 2 * page_); }

  // The last `count` bytes before the upper guard page.
  [[nodiscard]] std::span<std::uint8_t> end(std::size_t count) const {
    return {base_ + page_ + inner_ - count, count};
  }
  // `count` bytes that start `offset` bytes after the lower guard page.
  [[nodiscard]] std::span<std::uint8_t> begin(std::size_t offset, std::size_t count) const {
    return {base_ + page_ + offset, count};
  }

 private:
  std::size_t page_;
  std::size_t inner_;
  std::uint8_t* base_ = nullptr;
};

// Calls body(target, length, offset) for every target of this CPU, every length 0..257, and the
// offsets 0..63 with which a buffer may start after a guard page; offset 64 stands for "ends at the
// upper guard page".
inline constexpr std::size_t at_upper_guard = 64;

template <class Body>
void for_each_kernel_case(Body&& body) {
  for (const encode::CpuTarget target : encode::cpu_targets()) {
    for (std::size_t length = 0; length <= 257; ++length) {
      for (std::size_t offset = 0; offset <= at_upper_guard; ++offset) body(target, length, offset);
    }
  }
}

// The place in `memory` that for_each_kernel_case's `offset` means, for `count` bytes.
inline std::span<std::uint8_t> place(const GuardedMemory& memory, std::size_t offset,
                                     std::size_t count) {
  return offset == at_upper_guard ? memory.end(count) : memory.begin(offset, count);
}

// Deterministic bytes; `values` limits how many different ones there are.
inline void fill(std::span<std::uint8_t> out, std::uint32_t seed, std::uint32_t values = 256) {
  std::uint32_t state = seed * 2654435761U + 1;
  for (std::uint8_t& byte : out) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>((state >> 16) % values);
  }
}

}  // namespace qmpshot::test
