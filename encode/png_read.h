// SPDX-License-Identifier: MIT
// PNG in: references to compare with, and QEMU's own PNG.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <cstddef>
#include <span>

namespace qmpshot::encode {

// Decodes one PNG file of any colour type, depth and interlace.
//   return  rgb24; palette and grey expanded, 16 bits cut to 8, alpha dropped
//   errors  bad_image: libpng's words; a side above max_side_px
Result<Image> read_png(std::span<const std::byte> in);

}  // namespace qmpshot::encode
