// SPDX-License-Identifier: MIT
// The smallest PNG that trying finds. Private to encode.
#pragma once

#include "encode/png_chunks.h"

#include <qmpshot/image.h>

#include <cstddef>
#include <optional>
#include <vector>

namespace qmpshot::encode {

struct SmallPng {
  PngHeader header;
  PngPalette palette;           // empty unless indexed
  std::vector<std::byte> zlib;  // what IDAT holds
};

// Tries palettes in several orders, grey, and ways to filter: all with a fast compression, the most
// promising few with libdeflate's best. On up to `threads` threads; takes memory for several times
// the frame, and twice it for each of them. Nothing where the frame is too large for that.
std::optional<SmallPng> encode_small_png(const ImageView& image, unsigned threads);

}  // namespace qmpshot::encode
