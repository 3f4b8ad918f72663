// SPDX-License-Identifier: MIT
// A strict reader of QOI, from the specification (qoiformat.org, 1.0), not from our writer.
#pragma once

#include "tests/support/images.h"

#include <qmpshot/image.h>

#include <array>
#include <span>
#include <stdexcept>

namespace qmpshot::test {

// Throws std::runtime_error at anything but one whole 3-channel sRGB file.
inline Image read_qoi(std::span<const std::byte> file) {
  struct Rgba {
    std::uint8_t r = 0, g = 0, b = 0, a = 0;
  };
  std::size_t at = 0;
  const auto byte = [&] {
    if (at == file.size()) throw std::runtime_error("qoi: cut");
    return std::to_integer<unsigned>(file[at++]);
  };
  const auto word = [&] {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | byte();
    return value;
  };
  if (word() != 0x716F6966) throw std::runtime_error("qoi: magic");
  const std::uint32_t width = word();
  const std::uint32_t height = word();
  if (byte() != 3 || byte() != 0) throw std::runtime_error("qoi: channels or colour space");

  std::array<Rgba, 64> index{};
  Rgba pixel{0, 0, 0, 255};
  unsigned run = 0;
  const auto add = [](std::uint8_t& value, int difference) {
    value = static_cast<std::uint8_t>(value + difference);
  };
  const auto chunk = [&] {
    const unsigned tag = byte();
    const int low = static_cast<int>(tag & 0x3F);
    if (tag == 0xFF) throw std::runtime_error("qoi: RGBA in a file of 3 channels");
    if (tag == 0xFE) {
      pixel.r = static_cast<std::uint8_t>(byte());
      pixel.g = static_cast<std::uint8_t>(byte());
      pixel.b = static_cast<std::uint8_t>(byte());
    } else if (tag >> 6 == 0) {
      pixel = index[tag];
    } else if (tag >> 6 == 1) {
      add(pixel.r, (low >> 4) - 2);
      add(pixel.g, (low >> 2 & 3) - 2);
      add(pixel.b, (low & 3) - 2);
    } else if (tag >> 6 == 2) {
      const int second = static_cast<int>(byte());
      add(pixel.r, low - 32 + (second >> 4) - 8);
      add(pixel.g, low - 32);
      add(pixel.b, low - 32 + (second & 15) - 8);
    } else {
      run = tag & 0x3F;  // with this pixel, one more
    }
    index[(pixel.r * 3U + pixel.g * 5U + pixel.b * 7U + pixel.a * 11U) % 64] = pixel;
  };
  Image image = make_image(width, height, PixelFormat::rgb24, [&](std::uint32_t, std::uint32_t) {
    run > 0 ? static_cast<void>(--run) : chunk();
    return static_cast<std::uint32_t>(pixel.r << 16 | pixel.g << 8 | pixel.b);
  });
  if (run > 0) throw std::runtime_error("qoi: a run past the last pixel");
  if (word() != 0 || word() != 1 || at != file.size()) throw std::runtime_error("qoi: end");
  return image;
}

}  // namespace qmpshot::test
