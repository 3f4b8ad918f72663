// SPDX-License-Identifier: MIT
// How two pictures differ. Formats and strides may differ freely; xrgb8888's unused byte never
// counts. Pictures of different sizes, or not whole (encode/geometry.h), have nothing in common:
// each function says what that is.
#pragma once

#include "encode/geometry.h"

#include <cstddef>
#include <vector>

namespace qmpshot::encode {

// Whether every pixel is the same. Two empty views are equal; different sizes are not.
bool equal(const ImageView& a, const ImageView& b);

// Changes are looked for in squares of this size.
inline constexpr std::uint32_t change_tile_px = 16;

// Boxes that hold every changed pixel.
//   most    how many boxes at most, 1 or more; the nearest ones are merged until that holds
//   return  edges on multiples of change_tile_px, or the picture's own; from top to bottom, and no
//           two overlap. Empty when nothing changed; all of `b` when the sizes differ
std::vector<Box> changed_boxes(const ImageView& a, const ImageView& b, std::size_t most = 16);

// The share of pixels that differ in any channel, 0 to 1. Different sizes: 1.
double changed_share(const ImageView& a, const ImageView& b);

// Peak signal-to-noise ratio over the three channels, in dB; infinity when equal.
//   return  0 for black against white, and for different sizes
//   source  10 log10(255^2 / mean squared error)
double psnr_db(const ImageView& a, const ImageView& b);

}  // namespace qmpshot::encode
