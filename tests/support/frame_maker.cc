// SPDX-License-Identifier: MIT
#include "tests/support/frame_maker.h"

#include <algorithm>
#include <array>

namespace qmpshot::test {
namespace {

constexpr std::uint32_t most_pixels = 1U << 20U;
constexpr std::size_t most_bytes = std::size_t{8} << 20U;

}  // namespace

FrameMaker::FrameMaker() : memory_(most_bytes) {}

ImageView FrameMaker::make(std::uint64_t seed) {
  SplitMix random(seed);
  choose_size(random);
  choose_colours(random);
  draw(random);
  disturb(random);
  return lay_out(random);
}

// Nine in ten have at most 4,000 pixels, so that a million cases take minutes; one in 4,000 has
// half a million at least, which fill several bands and blocks, and mostly several strips.
void FrameMaker::choose_size(SplitMix& random) {
  const std::uint32_t kind = random.below(4000);
  if (kind == 0) {
    width_ = 700 + random.below(800);
    const std::uint32_t most = most_pixels / width_;
    height_ = most / 2 + random.below(most / 2);
    return;
  }
  const std::uint32_t area = kind < 40 ? 60000 : kind < 400 ? 12000 : 3000;
  width_ = 1 + random.below(random.one_in(2) ? 40 : random.one_in(2) ? 300 : 1500);
  height_ = 1 + random.below(std::clamp<std::uint32_t>(area / width_, 1, 4000));
}

void FrameMaker::choose_colours(SplitMix& random) {
  constexpr std::array<std::uint32_t, 14> edges = {1,  2,  3,  4,   5,   8,   9,
                                                   15, 16, 17, 255, 256, 257, 1000};
  const std::uint32_t count = random.one_in(2) ? edges[random.below(edges.size())]
                                               : 1 + random.below(random.one_in(2) ? 20 : 1000);
  const std::uint32_t kind = random.below(8);
  const std::uint32_t step = 1U << random.below(20);
  colours_.clear();
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto any = static_cast<std::uint32_t>(random.next() & 0xFFFFFFU);
    if (kind == 0) {
      colours_.push_back((any & 255U) * 0x010101U);  // greys
    } else if (kind == 1) {
      colours_.push_back(i % 256 * 0x010101U);  // all greys
    } else if (kind == 2) {
      colours_.push_back(i * step & 0xFFFFFFU);  // an arithmetic progression: hard to hash
    } else if (kind == 3) {
      colours_.push_back(any & 0xC0C0C0U);  // like an old graphics adapter's
    } else {
      colours_.push_back(any);
    }
  }
}

void FrameMaker::draw(SplitMix& random) {
  pixels_.assign(std::size_t{width_} * height_, 0);
  const auto count = static_cast<std::uint32_t>(colours_.size());
  const auto any = [&] { return static_cast<std::uint16_t>(random.below(count)); };
  const std::uint32_t kind = random.below(7);
  const std::uint32_t run = 1 + random.below(random.one_in(2) ? 8 : 600);
  if (kind == 0) return draw_glyphs(random);
  if (kind == 1) return;  // blank
  for (std::uint32_t y = 0; y < height_; ++y) {
    std::uint16_t* const row = pixels_.data() + std::size_t{y} * width_;
    if (y > 0 && kind >= 4 && !random.one_in(6)) {
      std::copy_n(row - width_, width_, row);  // like the row above
      for (std::uint32_t i = 0; kind == 5 && i < 2; ++i) row[random.below(width_)] = any();
      continue;
    }
    std::uint16_t colour = any();
    for (std::uint32_t x = 0; x < width_; ++x) {
      if (kind == 2) {
        colour = any();  // noise
      } else if (kind == 3) {
        colour = static_cast<std::uint16_t>((x + y) % count);  // a gradient
      } else if (random.one_in(run)) {
        colour = any();
      }
      row[x] = colour;
    }
  }
}

// Text: a few glyphs of random bits, again and again, in two colours a line.
void FrameMaker::draw_glyphs(SplitMix& random) {
  const std::uint32_t cell_width = random.one_in(2) ? 8 : 9;
  const std::uint32_t cell_height = random.one_in(2) ? 16 : 8;
  const auto count = static_cast<std::uint32_t>(colours_.size());
  for (std::uint32_t top = 0; top < height_; top += cell_height) {
    const auto paper = static_cast<std::uint16_t>(random.below(count));
    const auto ink = static_cast<std::uint16_t>(random.below(count));
    for (std::uint32_t left = 0; left < width_; left += cell_width) {
      SplitMix glyph(random.below(12));
      for (std::uint32_t y = top; y < std::min(top + cell_height, height_); ++y) {
        const std::uint64_t bits = glyph.next() & glyph.next();
        for (std::uint32_t x = left; x < std::min(left + cell_width, width_); ++x) {
          pixels_[std::size_t{y} * width_ + x] = (bits >> (x - left) & 1U) != 0 ? ink : paper;
        }
      }
    }
  }
}

// Single pixels of any colour, often the very last: a colour more when all seems known.
void FrameMaker::disturb(SplitMix& random) {
  const auto count = static_cast<std::uint32_t>(colours_.size());
  const auto size = static_cast<std::uint32_t>(pixels_.size());
  if (random.one_in(2)) return;
  for (std::uint32_t i = random.below(4); i > 0; --i) {
    pixels_[random.below(size)] = static_cast<std::uint16_t>(random.below(count));
  }
  const std::uint32_t from_end = random.below(std::min(size, 70U));
  pixels_[size - 1 - from_end] = static_cast<std::uint16_t>(random.below(count));
}

ImageView FrameMaker::lay_out(SplitMix& random) {
  const PixelFormat format = random.one_in(2) ? PixelFormat::rgb24 : PixelFormat::xrgb8888;
  const std::size_t pixel_bytes = bytes_per_pixel(format);
  const std::size_t row_bytes = width_ * pixel_bytes;
  const std::size_t padding = random.one_in(2) ? 0 : random.below(70);
  const std::size_t stride = row_bytes + padding;
  const auto memory = memory_.end(stride * (height_ - 1) + row_bytes);
  rgb_.resize(pixels_.size() * 3);
  const auto noise = static_cast<std::uint8_t>(random.next());
  for (std::size_t y = 0; y < height_; ++y) {
    std::uint8_t* const row = memory.data() + y * stride;
    for (std::size_t x = 0; x < width_; ++x) {
      const std::uint32_t colour = colours_[pixels_[y * width_ + x]];
      const auto r = static_cast<std::uint8_t>(colour >> 16U);
      const auto g = static_cast<std::uint8_t>(colour >> 8U);
      const auto b = static_cast<std::uint8_t>(colour);
      std::byte* const to = rgb_.data() + 3 * (y * width_ + x);
      to[0] = std::byte{r};
      to[1] = std::byte{g};
      to[2] = std::byte{b};
      std::uint8_t* const at = row + x * pixel_bytes;
      at[1] = g;
      at[0] = pixel_bytes == 3 ? r : b;
      at[2] = pixel_bytes == 3 ? b : r;
      if (pixel_bytes == 4) at[3] = static_cast<std::uint8_t>(noise * x);  // means nothing
    }
    if (y + 1 < height_) std::fill_n(row + row_bytes, padding, noise);
  }
  return {std::as_bytes(std::span<const std::uint8_t>(memory)), width_, height_, stride, format};
}

}  // namespace qmpshot::test
