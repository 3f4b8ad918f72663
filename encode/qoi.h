// SPDX-License-Identifier: MIT
// QOI out: the "Quite OK Image" format, simple enough for any reader to have.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <cstddef>
#include <vector>

namespace qmpshot::encode {

// Appends `image` to `out` as one QOI file: 3 channels, sRGB.
//   errors  bad_argument: an empty image
//   source  The Quite OK Image Format specification 1.0, qoiformat.org
Result<void> encode_qoi(const ImageView& image, std::vector<std::byte>& out);

}  // namespace qmpshot::encode
