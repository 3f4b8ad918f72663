// SPDX-License-Identifier: MIT
// PNG out.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <cstddef>
#include <vector>

namespace qmpshot::encode {

// Appends `image` to `out` as one PNG file, 8-bit RGB.
//   errors  bad_argument: libpng's words
//   source  PNG specification, third edition
Result<void> encode_png(const ImageView& image, std::vector<std::byte>& out);

}  // namespace qmpshot::encode
