// SPDX-License-Identifier: MIT
// Memory that is touched soon, mapped at once. Else each page is a fault of its own: .7 us, and
// 12 us in VMs without nested paging, which is as long as it takes to compress some KB.
#pragma once

#include <cstddef>
#include <span>

namespace qmpshot::encode {

// Has all pages of `memory` ready to be written to. Its bytes stay as they are, and nobody else may
// write them meanwhile.
//   source  madvise(2), MADV_POPULATE_WRITE: Linux 5.14. An older one maps them one by one
void map_to_write(std::span<std::byte> memory) noexcept;

}  // namespace qmpshot::encode
