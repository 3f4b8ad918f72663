// SPDX-License-Identifier: MIT
// PNG out: indexed where 256 colours suffice, as a screen's text does, else filtered grey or RGB.
#pragma once

#include "encode/encoder.h"

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <cstddef>
#include <vector>

namespace qmpshot::encode {

// Appends `image`, which is not empty, to `out` as one PNG file. The same pixels and options give
// the same bytes on every CPU.
//   options  small, title, source, taken_at
//   errors   bad_argument: a text that PNG cannot hold
//   source   PNG specification, third edition; RFC 1950, RFC 1951
Result<void> encode_png(const ImageView& image, const EncodeOptions& options,
                        std::vector<std::byte>& out);

// Whether a look at a few rows finds no more than 16 colours: a console, most likely, whose pixels
// take a small part of the time that others do. The image is not empty.
bool has_few_colours(const ImageView& image);

}  // namespace qmpshot::encode
