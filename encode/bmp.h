// SPDX-License-Identifier: MIT
// Windows bitmap out.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <cstddef>
#include <vector>

namespace qmpshot::encode {

// Appends `image` to `out` as one BMP file, uncompressed, rows bottom to top as every reader knows
// them: a palette at 1, 4 or 8 bits a pixel where it holds the colours, else 24 bits from rgb24 and
// 32 bits from xrgb8888 (the fourth byte is written as 0).
//   errors  bad_argument: an empty image
//   source  Microsoft, "Bitmap Storage": BITMAPFILEHEADER, BITMAPINFOHEADER, BI_RGB
Result<void> encode_bmp(const ImageView& image, std::vector<std::byte>& out);

}  // namespace qmpshot::encode
