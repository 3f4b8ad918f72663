// SPDX-License-Identifier: MIT
// Memory that is touched soon, mapped at once. Else each page is a fault of its own: .7 us, and
// 12 us in VMs without nested paging, which is as long as it takes to compress some KB.
#pragma once

#include <cstddef>
#include <span>

namespace qmpshot::encode {

// The pages of `memory` and what else is in them, ours to write and to read. A hint: a kernel that
// does not know it, or has no memory left, maps them one by one.
//   source  madvise(2), MADV_POPULATE_WRITE and MADV_POPULATE_READ; Linux 5.14
void map_to_write(std::span<const std::byte> memory) noexcept;
void map_to_read(std::span<const std::byte> memory) noexcept;

}  // namespace qmpshot::encode
