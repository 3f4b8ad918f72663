// SPDX-License-Identifier: MIT
// JPEG out, by libjpeg-turbo.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <cstddef>
#include <vector>

namespace qmpshot::encode {

// Appends `image` to `out` as one baseline JPEG file (JFIF), colour at full resolution (4:4:4).
//   quality  1 to 100, the scale of libjpeg's jpeg_set_quality
//   errors   bad_argument: an empty image, a quality off the scale, a side above 65500 px
//   source   ITU-T T.81; libjpeg-turbo's libjpeg.txt
Result<void> encode_jpeg(const ImageView& image, int quality, std::vector<std::byte>& out);

}  // namespace qmpshot::encode
