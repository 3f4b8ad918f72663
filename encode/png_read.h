// SPDX-License-Identifier: MIT
// PNG in: references to compare with, and QEMU's own PNG.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <cstddef>
#include <span>

namespace qmpshot::encode {

// 8192x8192, 192 MiB as rgb24: eight times a 4K screen.
inline constexpr std::size_t default_max_pixels = std::size_t{1} << 26;

// Decodes one PNG file of any colour type, depth and interlace. What follows its end is not looked
// at.
//   max_pixels  a file that declares more is refused before memory is taken for it, and so is one
//               that declares more than its bytes could ever inflate to
//   return      rgb24, stride_bytes == 3 * width_px; palette and grey expanded, 16 bits rounded
//               to 8, alpha dropped, colour profiles and gamma not applied
//   errors      bad_image: libpng's words; a side above max_side_px; too many pixels
//   source      PNG specification, third edition
Result<Image> read_png(std::span<const std::byte> in, std::size_t max_pixels = default_max_pixels);

}  // namespace qmpshot::encode
