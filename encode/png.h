// SPDX-License-Identifier: MIT
// PNG out: indexed where 256 colours suffice, as a screen's text does, else filtered grey or RGB.
#pragma once

#include "encode/encoder.h"
#include "encode/row_source.h"

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

// The same file, of a picture of sixteen colours at most: what a console is, which takes a small
// part of the time that others do. Of rows that are coming first some of the upper half are asked
// for, then all from top to bottom; all again, twice at most, where the lower half has more
// colours.
//   options  title, source, taken_at; one thread makes it
//   return   false where it has more colours, or a row does not come: then `out` is as it was
//   errors   bad_argument: as above; QMPSHOT_CPU names a target that this CPU does not run;
//            cannot_write: out of memory
Result<bool> encode_console_png(RowSource& source, const EncodeOptions& options,
                                std::vector<std::byte>& out);

}  // namespace qmpshot::encode
