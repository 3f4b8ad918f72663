// SPDX-License-Identifier: MIT
#include "encode/png.h"

#include "encode/deflate.h"
#include "encode/palette.h"
#include "encode/png_chunks.h"
#include "encode/png_rows.h"
#include "encode/png_small.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace qmpshot::encode {
namespace {

// A frame whose colours are not yet known is first looked at here and there: every 16th row,
// because a line of text is that high.
constexpr std::uint32_t sample_rows = 16;

// How long a repeat is at least that is neither above nor to the left. Of bitmaps, whose bytes are
// eight pixels, shorter ones pay. Measured: one more or less is larger or slower.
constexpr std::size_t hash_bytes = 7;
constexpr std::size_t bitmap_hash_bytes = 6;

// How long repeats are looked for in vain before bytes are passed over. What looks like noise
// mostly is noise in a photo and seldom on a console.
constexpr unsigned patience = 2;
constexpr unsigned console_patience = 4;

// A character's row is four bytes where a pixel is four bits: in dense text those alone pay, if
// they are near.
RowShape indexed_shape(std::size_t row_bytes, unsigned depth) noexcept {
  return {row_bytes, 1,
          depth == 1   ? bitmap_hash_bytes
          : depth == 4 ? 8
                       : hash_bytes,
          depth == 4 ? 4U : 0U, depth <= 4 ? console_patience : patience};
}

std::size_t packed_bytes(std::uint32_t width_px, unsigned depth) noexcept {
  return (std::size_t{width_px} * depth + 7) / 8;
}

// false where the frame has more colours than the depth holds.
bool write_indexed_rows(const ImageView& image, unsigned depth, Palette& palette,
                        ScreenDeflate& deflate) {
  const std::size_t bytes = packed_bytes(image.width_px, depth);
  std::span<const std::byte> above;
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    const auto row = image.row(y);
    std::uint8_t* const to = deflate.next_row();
    to[0] = filter_none;
    // Most of a text console's rows are blank, or the space between lines.
    if (y > 0 && std::memcmp(row.data(), above.data(), row.size()) == 0) {
      std::memcpy(to + 1, to - bytes, bytes);
    } else if (!palette.map_row(row, depth, to + 1)) {
      return false;
    }
    deflate.commit_row();
    above = row;
  }
  return true;
}

// Adds the colours of all rows; false where they are more than a palette holds.
bool find_colours(const ImageView& image, Palette& palette) {
  Palette sample(image.format);
  for (std::uint32_t y = sample_rows / 2; y < image.height_px; y += sample_rows) {
    if (!sample.add_colours(image.row(y))) return false;
  }
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    if (!palette.add_colours(image.row(y))) return false;
  }
  return true;
}

// Writes the rows if a palette serves, which sets the header's depth. Otherwise says how they are
// to be written: a frame of more than 16 greys needs no palette.
PngColour write_indexed(const ImageView& image, PngHeader& header, Palette& palette,
                        ScreenDeflate& deflate) {
  for (header.depth = 1;;) {
    const std::size_t row_bytes = 1 + packed_bytes(image.width_px, header.depth);
    deflate.restart(indexed_shape(row_bytes, header.depth), image.height_px);
    if (write_indexed_rows(image, header.depth, palette, deflate)) return PngColour::indexed;
    const bool was_full = header.depth == 8;  // only if the pixels changed since find_colours
    header.depth = depth_for(palette.size());
    if (was_full) return PngColour::rgb;
    if (header.depth < 8) continue;
    if (!find_colours(image, palette)) return PngColour::rgb;
    if (palette.is_grey()) return PngColour::grey;
  }
}

void write_samples(const ImageView& image, SampleRows::Kind kind, ScreenDeflate& deflate) {
  SampleRows rows(image, kind);
  deflate.restart({1 + rows.row_bytes(), rows.pixel_bytes(), hash_bytes, 0, patience},
                  image.height_px);
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    rows.take(y);
    std::uint8_t* const to = deflate.next_row();
    write_filtered(rows, quick_filter(rows, y), to);
    deflate.commit_row();
  }
}

// Appends the IDAT chunk; says in `header` and `colours` what it takes to read it.
void write_fast(const ImageView& image, PngHeader& header, PngPalette& colours,
                std::vector<std::byte>& out) {
  Palette palette(image.format);
  PngChunk idat("IDAT", out);
  ScreenDeflate deflate(out);
  header.colour = write_indexed(image, header, palette, deflate);
  if (header.colour == PngColour::grey) write_samples(image, SampleRows::Kind::grey, deflate);
  if (header.colour == PngColour::rgb) write_samples(image, SampleRows::Kind::rgb, deflate);
  if (header.colour == PngColour::indexed) colours = palette.colours();
  deflate.finish();
  idat.end();
}

// The smaller one of what was written fast and what trying finds.
void write_small(const ImageView& image, PngHeader& header, PngPalette& colours,
                 std::vector<std::byte>& out, std::size_t start) {
  std::optional<SmallPng> small = encode_small_png(image);
  const std::size_t fast_bytes = out.size() - start - 12 + palette_bytes(colours);
  if (!small || small->zlib.size() + palette_bytes(small->palette) >= fast_bytes) return;
  header = small->header;
  colours = std::move(small->palette);
  out.resize(start);
  PngChunk idat("IDAT", out);
  out.insert(out.end(), small->zlib.begin(), small->zlib.end());
  idat.end();
}

}  // namespace

Result<void> encode_png(const ImageView& image, const EncodeOptions& options,
                        std::vector<std::byte>& out) {
  if (Result<void> checked = check_png_texts(options); !checked) return checked;
  const std::size_t start = out.size();
  PngHeader header = {image.width_px, image.height_px, 8, PngColour::rgb};
  PngPalette colours;
  write_fast(image, header, colours, out);
  if (options.small) write_small(image, header, colours, out, start);
  write_png_end(out);

  // What comes first is known last.
  std::vector<std::byte> head;
  write_png_head(header, colours, options, head);
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(start), head.begin(), head.end());
  return {};
}

}  // namespace qmpshot::encode
