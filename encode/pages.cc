// SPDX-License-Identifier: MIT
#include "encode/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace qmpshot::encode {
namespace {

// As <linux/mman.h> has them, which an older C library's headers do not.
constexpr int populate_read = 22;
constexpr int populate_write = 23;

void advise(std::span<const std::byte> memory, int advice) noexcept {
  if (memory.empty()) return;
  static const auto page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::uintptr_t start = begin / page_bytes * page_bytes;
  (void)::madvise(reinterpret_cast<void*>(start), begin + memory.size() - start, advice);
}

}  // namespace

void map_to_write(std::span<const std::byte> memory) noexcept {
  advise(memory, populate_write);
}

void map_to_read(std::span<const std::byte> memory) noexcept {
  advise(memory, populate_read);
}

}  // namespace qmpshot::encode
