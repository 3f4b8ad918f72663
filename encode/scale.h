// SPDX-License-Identifier: MIT
// Images made smaller or larger.
#pragma once

#include "encode/geometry.h"

#include <cstdint>

namespace qmpshot::encode {

enum class Filter : std::uint8_t {
  automatic,  // area where neither side grows, else lanczos3
  area,       // each pixel is the mean of what it covers: nothing is lost, nothing rings
  lanczos3,   // smooth, sharper than bilinear; edges ring a little
  nearest,    // hard pixels
};

// `image` at another size.
//   size    1x1 to max_side_px on either side; the shape need not be kept
//   return  owns its pixels; the same format, stride_bytes == row_bytes(); xrgb8888's unused
//           byte is 0 or what the source held there
//   errors  bad_argument: an image that is not whole, a side of 0 or above max_side_px
Result<Image> scale(const ImageView& image, Size size, Filter filter = Filter::automatic);

}  // namespace qmpshot::encode
