// SPDX-License-Identifier: MIT
// Small pictures for tests, and a look at their pixels that knows no format.
#pragma once

#include <qmpshot/image.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace qmpshot::test {

// What stands in a row's padding and in a pixel's unused byte: reading it as colour shows.
inline constexpr std::byte padding{0xA5};

// An image whose pixel (x, y) is colour(x, y), 0x00RRGGBB; each row has `padding_bytes` behind it.
template <class Colour>
Image make_image(std::uint32_t width_px, std::uint32_t height_px, PixelFormat format,
                 Colour&& colour, std::size_t padding_bytes = 0) {
  ImageView view{{}, width_px, height_px, 0, format};
  view.stride_bytes = view.row_bytes() + padding_bytes;
  std::vector<std::byte> pixels(view.stride_bytes * height_px, padding);
  for (std::uint32_t y = 0; y < height_px; ++y) {
    std::byte* to = pixels.data() + y * view.stride_bytes;
    for (std::uint32_t x = 0; x < width_px; ++x, to += bytes_per_pixel(format)) {
      const std::uint32_t rgb = colour(x, y);
      const bool rgb_order = format == PixelFormat::rgb24;
      to[rgb_order ? 0 : 2] = static_cast<std::byte>(rgb >> 16 & 0xFF);
      to[1] = static_cast<std::byte>(rgb >> 8 & 0xFF);
      to[rgb_order ? 2 : 0] = static_cast<std::byte>(rgb & 0xFF);
    }
  }
  view.pixels = pixels;
  return Image(std::move(pixels), view);
}

// Runs, repeated rows and loose pixels out of `colours` colours: what screens are made of.
inline Image make_screen(std::uint32_t width_px, std::uint32_t height_px, PixelFormat format,
                         std::uint32_t colours, std::uint32_t seed, std::size_t padding_bytes = 0) {
  std::mt19937 random(seed);
  std::vector<std::uint32_t> palette(colours);
  for (std::uint32_t& colour : palette) colour = random() & 0xFFFFFF;
  std::vector<std::uint32_t> row(width_px);
  std::uint32_t row_of = 0xFFFFFFFF;
  const auto colour = [&](std::uint32_t x, std::uint32_t y) {
    if (y != row_of && (row_of = y, y == 0 || random() % 3 != 0)) {
      for (std::uint32_t i = 0; i < width_px; ++i) {
        row[i] = i > 0 && random() % 4 != 0 ? row[i - 1] : palette[random() % colours];
      }
    }
    return row[x];
  };
  return make_image(width_px, height_px, format, colour, padding_bytes);
}

// 0x00RRGGBB.
inline std::uint32_t rgb_at(const ImageView& view, std::uint32_t x, std::uint32_t y) {
  const auto pixel = view.row(y).subspan(x * bytes_per_pixel(view.format));
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(pixel[i]); };
  const bool rgb_order = view.format == PixelFormat::rgb24;
  return at(rgb_order ? 0 : 2) << 16 | at(1) << 8 | at(rgb_order ? 2 : 0);
}

// Every pixel, row by row: two pictures are the same when their sizes and these are.
inline std::vector<std::uint32_t> rgb(const ImageView& view) {
  std::vector<std::uint32_t> out;
  out.reserve(std::size_t{view.width_px} * view.height_px);
  for (std::uint32_t y = 0; y < view.height_px; ++y) {
    for (std::uint32_t x = 0; x < view.width_px; ++x) out.push_back(rgb_at(view, x, y));
  }
  return out;
}

inline Image to_format(const ImageView& view, PixelFormat format, std::size_t padding_bytes = 0) {
  return make_image(
      view.width_px, view.height_px, format,
      [&](std::uint32_t x, std::uint32_t y) { return rgb_at(view, x, y); }, padding_bytes);
}

inline bool same_picture(const ImageView& a, const ImageView& b) {
  return a.width_px == b.width_px && a.height_px == b.height_px && rgb(a) == rgb(b);
}

}  // namespace qmpshot::test
