// SPDX-License-Identifier: MIT
// A PNG file's container: signature and chunks (PNG specification, third edition, 5). Private to
// encode.
#pragma once

#include "encode/encoder.h"

#include <qmpshot/error.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace qmpshot::encode {

// R, G, B of each colour.
using PngPalette = std::vector<std::array<std::uint8_t, 3>>;

enum class PngColour : std::uint8_t { grey = 0, rgb = 2, indexed = 3 };

struct PngHeader {
  std::uint32_t width_px;
  std::uint32_t height_px;
  unsigned depth;  // bits per sample
  PngColour colour;
};

// One chunk whose data is appended to `out` between construction and end().
class PngChunk {
 public:
  PngChunk(std::string_view type, std::vector<std::byte>& out);
  void end();

 private:
  std::vector<std::byte>* out_;
  std::size_t start_;
};

// Signature, IHDR, the options' texts, and PLTE unless the palette is empty.
//   errors  bad_argument: a text that PNG cannot hold
Result<void> write_png_head(const PngHeader& header, const PngPalette& palette,
                            const EncodeOptions& options, std::vector<std::byte>& out);

void write_png_end(std::vector<std::byte>& out);

}  // namespace qmpshot::encode
