// SPDX-License-Identifier: MIT
#include "encode/content.h"

#include "encode/compare.h"
#include "encode/geometry.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace qmpshot::encode {
namespace {

constexpr int cell_width_px = 8;
constexpr int cell_height_px = 16;
constexpr std::byte text_grey{0xaa};

struct Glyph {
  char character;
  std::array<std::uint8_t, cell_height_px> rows;  // the leftmost pixel is the highest bit
};

// The characters of the two texts, written by scripts/make-placeholder-glyphs.
// clang-format off
constexpr Glyph glyphs[] = {
    {' ',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}},
    {'(',
     {0x00, 0x00, 0x0c, 0x18, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x18, 0x0c, 0x00, 0x00, 0x00, 0x00}},
    {')',
     {0x00, 0x00, 0x30, 0x18, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x18, 0x30, 0x00, 0x00, 0x00, 0x00}},
    {'.',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x18, 0x00, 0x00, 0x00, 0x00}},
    {'D',
     {0x00, 0x00, 0xf8, 0x6c, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x6c, 0xf8, 0x00, 0x00, 0x00, 0x00}},
    {'G',
     {0x00, 0x00, 0x3c, 0x66, 0xc2, 0xc0, 0xc0, 0xde, 0xc6, 0xc6, 0x66, 0x3a, 0x00, 0x00, 0x00, 0x00}},
    {'a',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0x78, 0x0c, 0x7c, 0xcc, 0xcc, 0xcc, 0x76, 0x00, 0x00, 0x00, 0x00}},
    {'c',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0x7c, 0xc6, 0xc0, 0xc0, 0xc0, 0xc6, 0x7c, 0x00, 0x00, 0x00, 0x00}},
    {'d',
     {0x00, 0x00, 0x1c, 0x0c, 0x0c, 0x3c, 0x6c, 0xcc, 0xcc, 0xcc, 0xcc, 0x76, 0x00, 0x00, 0x00, 0x00}},
    {'e',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0x7c, 0xc6, 0xfe, 0xc0, 0xc0, 0xc6, 0x7c, 0x00, 0x00, 0x00, 0x00}},
    {'h',
     {0x00, 0x00, 0xe0, 0x60, 0x60, 0x6c, 0x76, 0x66, 0x66, 0x66, 0x66, 0xe6, 0x00, 0x00, 0x00, 0x00}},
    {'i',
     {0x00, 0x00, 0x18, 0x18, 0x00, 0x38, 0x18, 0x18, 0x18, 0x18, 0x18, 0x3c, 0x00, 0x00, 0x00, 0x00}},
    {'l',
     {0x00, 0x00, 0x38, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x3c, 0x00, 0x00, 0x00, 0x00}},
    {'n',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0xdc, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x00, 0x00, 0x00, 0x00}},
    {'o',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0x7c, 0xc6, 0xc6, 0xc6, 0xc6, 0xc6, 0x7c, 0x00, 0x00, 0x00, 0x00}},
    {'p',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0xdc, 0x66, 0x66, 0x66, 0x66, 0x66, 0x7c, 0x60, 0x60, 0xf0, 0x00}},
    {'s',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0x7c, 0xc6, 0x60, 0x38, 0x0c, 0xc6, 0x7c, 0x00, 0x00, 0x00, 0x00}},
    {'t',
     {0x00, 0x00, 0x10, 0x30, 0x30, 0xfc, 0x30, 0x30, 0x30, 0x30, 0x36, 0x1c, 0x00, 0x00, 0x00, 0x00}},
    {'u',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0x76, 0x00, 0x00, 0x00, 0x00}},
    {'v',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0xc6, 0xc6, 0xc6, 0xc6, 0xc6, 0x6c, 0x38, 0x00, 0x00, 0x00, 0x00}},
    {'y',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0xc6, 0xc6, 0xc6, 0xc6, 0xc6, 0xc6, 0x7e, 0x06, 0x0c, 0xf8, 0x00}},
    {'z',
     {0x00, 0x00, 0x00, 0x00, 0x00, 0xfe, 0xcc, 0x18, 0x30, 0x60, 0xc6, 0xfe, 0x00, 0x00, 0x00, 0x00}},
};
// clang-format on

std::uint8_t glyph_row(char character, int row) {
  const auto* glyph = std::ranges::find(glyphs, character, &Glyph::character);
  return glyph == std::ranges::end(glyphs) ? std::uint8_t{0}
                                           : glyph->rows[static_cast<std::size_t>(row)];
}

// Where QEMU puts a text into a surface, in whole cells; to the left of it where it is too long.
class PlacedText {
 public:
  PlacedText(std::string_view text, const RowSource& source)
      : text_(text),
        left_cell_(
            (static_cast<int>(source.width_px) / cell_width_px - static_cast<int>(text.size())) /
            2),
        top_px_((static_cast<int>(source.height_px) / cell_height_px - 1) / 2 * cell_height_px) {}

  [[nodiscard]] int middle_px() const { return top_px_ + cell_height_px / 2; }
  [[nodiscard]] bool in_band(int y) const { return y >= top_px_ && y < top_px_ + cell_height_px; }

  // Whether the text covers a pixel of its band.
  [[nodiscard]] bool lit(int x, int y) const {
    const int index = x / cell_width_px - left_cell_;
    if (index < 0 || index >= static_cast<int>(text_.size())) return false;
    const std::uint8_t row = glyph_row(text_[static_cast<std::size_t>(index)], y - top_px_);
    return (row & 0x80U >> x % cell_width_px) != 0;
  }

 private:
  std::string_view text_;
  int left_cell_;
  int top_px_;
};

bool is_grey(std::span<const std::byte> pixel, std::byte grey) {
  return pixel[0] == grey && pixel[1] == grey && pixel[2] == grey;
}

bool row_shows(const PlacedText& text, RowSource& source, int y) {
  const bool band = text.in_band(y);
  const std::size_t step = bytes_per_pixel(source.format);
  const auto row = source.row(static_cast<std::uint32_t>(y));
  for (int x = 0; x < static_cast<int>(source.width_px); ++x) {
    const auto pixel = row.subspan(static_cast<std::size_t>(x) * step, step);
    if (!is_grey(pixel, band && text.lit(x, y) ? text_grey : std::byte{0})) return false;
  }
  return true;
}

// The middle of the text first: almost every other picture is told apart by it.
bool shows_only(std::string_view words, RowSource& source) {
  const PlacedText text(words, source);
  const int height = static_cast<int>(source.height_px);
  if (!row_shows(text, source, std::min(text.middle_px(), height - 1))) return false;
  for (int y = 0; y < height; ++y) {
    if (!row_shows(text, source, y)) return false;
  }
  return true;
}

// `count_px` pixels of a row, from pixel x on.
ImageView part(std::span<const std::byte> row, PixelFormat format, std::uint32_t x,
               std::uint32_t count_px) {
  const std::size_t pixel_bytes = bytes_per_pixel(format);
  const auto pixels = row.subspan(x * pixel_bytes, count_px * pixel_bytes);
  return {pixels, count_px, 1, pixels.size(), format};
}

// Every pixel equals its left neighbour, and every row's first one that of the first row.
bool is_one_colour(RowSource& source) {
  const PixelFormat format = source.format;
  const std::uint32_t others = source.width_px - 1;
  std::array<std::byte, 4> first{};
  for (std::uint32_t y = 0; y < source.height_px; ++y) {
    const auto row = source.row(y);
    if (y == 0) std::ranges::copy(row.first(bytes_per_pixel(format)), first.begin());
    if (!std::equal(first.begin(), first.begin() + 3, row.begin())) return false;
    if (others == 0) continue;
    if (!equal(part(row, format, 1, others), part(row, format, 0, others))) return false;
  }
  return true;
}

}  // namespace

Content classify(RowSource& source) {
  if (is_one_colour(source)) return Content::blank;
  if (shows_only("Guest has not initialized the display (yet).", source)) {
    return Content::not_initialized;
  }
  if (shows_only("Display output is not active.", source)) return Content::not_active;
  return Content::picture;
}

Content classify(const ImageView& image) {
  if (!is_whole(image)) return Content::blank;
  ImageRows rows(image);
  return classify(rows);
}

}  // namespace qmpshot::encode
