// SPDX-License-Identifier: MIT
#include "encode/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace qmpshot::encode {
namespace {

// As <linux/mman.h> has it, which an older C library's headers do not.
constexpr int populate_write = 23;

}  // namespace

void map_to_write(std::span<std::byte> memory) noexcept {
  if (memory.empty()) return;
  static const auto page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::uintptr_t start = begin / page_bytes * page_bytes;
  (void)::madvise(reinterpret_cast<void*>(start), begin + memory.size() - start, populate_write);
  // A hypervisor without nested paging has tables of its own, which it fills when a page is first
  // written to: 5 us.
  const std::size_t to_next_page = start + page_bytes - begin;
  for (std::size_t at = 0; at < memory.size(); at += at == 0 ? to_next_page : page_bytes) {
    volatile std::byte& one = memory[at];
    one = one;
  }
}

}  // namespace qmpshot::encode
