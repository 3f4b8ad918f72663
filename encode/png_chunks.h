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

// Four bytes, the highest first, as everything in a PNG is.
void append_u32(std::vector<std::byte>& out, std::size_t value);

// Whether a PNG can hold the options' texts.
//   errors  bad_argument: not UTF-8, or a control character
Result<void> check_png_texts(const EncodeOptions& options);

// What a palette adds to a file.
inline std::size_t palette_bytes(const PngPalette& palette) noexcept {
  return palette.empty() ? 0 : 12 + 3 * palette.size();
}

// Signature, IHDR, the options' texts, which were checked, and PLTE unless the palette is empty.
void write_png_head(const PngHeader& header, const PngPalette& palette,
                    const EncodeOptions& options, std::vector<std::byte>& out);

void write_png_end(std::vector<std::byte>& out);

}  // namespace qmpshot::encode
