// SPDX-License-Identifier: MIT
// What drawn frames are painted with.
#pragma once

#include <qmpshot/image.h>

#include <cstdint>
#include <vector>

namespace qmpshot::bench {

// Glyphs of one size as they stand in the cells of a text screen.
struct Font {
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  std::vector<std::vector<bool>> glyphs;  // of '!' to '~', each row after row
};

// Every different cell of `screen`, from the upper left corner on. What is not the colour of most
// of a cell is ink; no glyph is blank.
std::vector<std::vector<bool>> cut_font(const ImageView& screen, std::uint32_t width_px,
                                        std::uint32_t height_px);

class Canvas {
 public:
  Canvas(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t rgb = 0)
      : width_(width_px), height_(height_px), pixels_(std::size_t{width_px} * height_px, rgb) {}

  [[nodiscard]] std::uint32_t width_px() const { return width_; }
  [[nodiscard]] std::uint32_t height_px() const { return height_; }
  std::uint32_t& at(std::uint32_t x, std::uint32_t y) {
    return pixels_[std::size_t{y} * width_ + x];
  }

  // What lies outside is cut off; a character without a glyph is blank.
  void fill(std::uint32_t x, std::uint32_t y, std::uint32_t width_px, std::uint32_t height_px,
            std::uint32_t rgb);
  void glyph(const Font& font, char c, std::uint32_t x, std::uint32_t y, std::uint32_t ink);
  // At two thirds of its size with grey edges, as a desktop's text is.
  void smooth_glyph(const Font& font, char c, std::uint32_t x, std::uint32_t y, std::uint32_t ink);

  [[nodiscard]] Image image() const;

 private:
  std::uint32_t width_;
  std::uint32_t height_;
  std::vector<std::uint32_t> pixels_;  // 0x00RRGGBB
};

// `a` where share is 0, `b` where it is 256, between them else.
std::uint32_t blend(std::uint32_t a, std::uint32_t b, std::uint32_t share);

}  // namespace qmpshot::bench
