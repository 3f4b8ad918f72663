// SPDX-License-Identifier: MIT
// Whether a frame is the guest's own picture.
#pragma once

#include "encode/row_source.h"

#include <qmpshot/frame.h>
#include <qmpshot/image.h>

#include <string>

namespace qmpshot::encode {

// Judges by what is drawn, at any size. A guest that draws QEMU's placeholder, pixel by pixel and
// nothing else, is taken for QEMU. A view that is not whole (encode/geometry.h) is blank. Most
// pictures are told by a few rows.
//   source  QEMU ui/console.c:qemu_create_placeholder_surface, the same from 5.2 to 11.1
Content classify(RowSource& source);
Content classify(const ImageView& image);

// The same for the same pixels, whatever the format and stride; of another size it differs. A
// view that is not whole (encode/geometry.h) has no rows.
//   return  "xxh128:" and 32 hexadecimal digits, over width and height (32 bits each, little
//           endian) and the rgb24 rows
//   source  XXH3 128 bits, xxHash specification
std::string content_hash(const ImageView& image);

}  // namespace qmpshot::encode
