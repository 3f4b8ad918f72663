// SPDX-License-Identifier: MIT
#include "tests/bench/canvas.h"

#include "tests/support/images.h"

#include <algorithm>
#include <set>

namespace qmpshot::bench {

namespace {

bool has_glyph(char c) {
  return c >= '!' && c <= '~';
}

const std::vector<bool>& glyph_of(const Font& font, char c) {
  return font.glyphs[static_cast<std::size_t>(c - '!')];
}

}  // namespace

std::vector<std::vector<bool>> cut_font(const ImageView& screen, std::uint32_t width_px,
                                        std::uint32_t height_px) {
  std::vector<std::vector<bool>> glyphs;
  std::set<std::vector<bool>> seen;
  for (std::uint32_t top = 0; top + height_px <= screen.height_px; top += height_px) {
    for (std::uint32_t left = 0; left + width_px <= screen.width_px; left += width_px) {
      std::vector<std::uint32_t> cell;
      for (std::uint32_t i = 0; i < width_px * height_px; ++i) {
        cell.push_back(test::rgb_at(screen, left + i % width_px, top + i / width_px));
      }
      const std::uint32_t paper = cell.front();
      std::vector<bool> ink;
      for (const std::uint32_t colour : cell) ink.push_back(colour != paper);
      const auto inked = static_cast<std::size_t>(std::ranges::count(ink, true));
      // Less than half a cell of ink, or it is a cursor or a piece of a frame.
      if (inked == 0 || 2 * inked > ink.size() || !seen.insert(ink).second) continue;
      glyphs.push_back(ink);
    }
  }
  return glyphs;
}

std::uint32_t blend(std::uint32_t a, std::uint32_t b, std::uint32_t share) {
  std::uint32_t mixed = 0;
  for (int shift = 0; shift < 24; shift += 8) {
    const std::uint32_t from = a >> shift & 0xFF;
    const std::uint32_t to = b >> shift & 0xFF;
    mixed |= (from * (256 - share) + to * share) / 256 << shift;
  }
  return mixed;
}

void Canvas::fill(std::uint32_t x, std::uint32_t y, std::uint32_t width_px, std::uint32_t height_px,
                  std::uint32_t rgb) {
  if (x >= width_ || y >= height_) return;
  const std::uint32_t right = std::min(width_, x + width_px);
  const std::uint32_t bottom = std::min(height_, y + height_px);
  for (std::uint32_t row = y; row < bottom; ++row) {
    std::fill(&at(x, row), &at(x, row) + (right - x), rgb);
  }
}

void Canvas::glyph(const Font& font, char c, std::uint32_t x, std::uint32_t y, std::uint32_t ink) {
  if (!has_glyph(c) || x + font.width_px > width_ || y + font.height_px > height_) return;
  const std::vector<bool>& bits = glyph_of(font, c);
  for (std::uint32_t i = 0; i < bits.size(); ++i) {
    if (bits[i]) at(x + i % font.width_px, y + i / font.width_px) = ink;
  }
}

void Canvas::smooth_glyph(const Font& font, char c, std::uint32_t x, std::uint32_t y,
                          std::uint32_t ink) {
  const std::uint32_t width = font.width_px * 2 / 3;
  const std::uint32_t height = font.height_px * 2 / 3;
  if (!has_glyph(c) || x + width > width_ || y + height > height_) return;
  const std::vector<bool>& bits = glyph_of(font, c);
  // Each pixel covers 1.5 x 1.5 of the glyph's: counted on a grid of halves.
  for (std::uint32_t v = 0; v < height; ++v) {
    for (std::uint32_t u = 0; u < width; ++u) {
      std::uint32_t covered = 0;
      for (std::uint32_t i = 0; i < 9; ++i) {
        const std::uint32_t column = (3 * u + i % 3) / 2;
        const std::uint32_t row = (3 * v + i / 3) / 2;
        covered += bits[row * font.width_px + column] ? 1U : 0U;
      }
      if (covered > 0) at(x + u, y + v) = blend(at(x + u, y + v), ink, covered * 256 / 9);
    }
  }
}

Image Canvas::image() const {
  return test::make_image(
      width_, height_, PixelFormat::rgb24,
      [&](std::uint32_t x, std::uint32_t y) { return pixels_[std::size_t{y} * width_ + x]; });
}

}  // namespace qmpshot::bench
