// SPDX-License-Identifier: MIT
// A strict reader of the BMP files we write, from Microsoft's "Bitmap Storage", not from our
// writer.
#pragma once

#include "tests/support/images.h"

#include <qmpshot/image.h>

#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>

namespace qmpshot::test {

// Throws std::runtime_error at the first thing that the documents do not allow, or that a reader
// which knows only BITMAPINFOHEADER and BI_RGB would stumble on.
inline Image read_bmp(std::span<const std::byte> file) {
  const auto number = [&](std::size_t at, std::size_t size) {
    if (at + size > file.size()) throw std::runtime_error("bmp: cut");
    std::uint32_t value = 0;
    for (std::size_t i = size; i-- > 0;)
      value = value << 8 | std::to_integer<std::uint32_t>(file[at + i]);
    return value;
  };
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::runtime_error(std::string("bmp: ") + what);
  };
  must(number(0, 2) == 0x4D42, "bfType");
  must(number(2, 4) == file.size(), "bfSize");
  must(number(6, 4) == 0, "bfReserved");
  const std::uint32_t offset = number(10, 4);
  must(number(14, 4) == 40, "biSize");
  const std::uint32_t width = number(18, 4);
  const std::uint32_t height = number(22, 4);
  must(width > 0 && width < 65536 && height > 0 && height < 65536, "size, or rows top to bottom");
  must(number(26, 2) == 1, "biPlanes");
  const std::uint32_t bits = number(28, 2);
  must(bits == 1 || bits == 4 || bits == 8 || bits == 24 || bits == 32, "biBitCount");
  must(number(30, 4) == 0, "biCompression");
  const std::uint32_t row_bytes = (width * bits + 31) / 32 * 4;
  must(number(34, 4) == row_bytes * height, "biSizeImage");
  const std::uint32_t colours = number(46, 4);
  must(bits <= 8 ? colours > 0 && colours <= 1U << bits : colours == 0, "biClrUsed");
  must(offset == 54 + 4 * colours, "bfOffBits");
  must(file.size() == offset + std::size_t{row_bytes} * height, "the pixels' size");
  for (std::uint32_t i = 0; i < colours; ++i)
    must(number(54 + 4 * i, 4) <= 0xFFFFFF, "rgbReserved");

  return make_image(width, height, PixelFormat::rgb24, [&](std::uint32_t x, std::uint32_t y) {
    const std::size_t row = offset + std::size_t{height - 1 - y} * row_bytes;
    if (bits >= 24) {
      must(bits == 24 || number(row + 4 * x + 3, 1) == 0, "the unused byte");
      return number(row + std::size_t{bits} / 8 * x, 3);
    }
    const std::uint32_t byte = number(row + std::size_t{x} * bits / 8, 1);
    const std::uint32_t index = byte >> (8 - bits - x * bits % 8) & ((1U << bits) - 1);
    must(index < colours, "an index");
    return number(54 + 4 * index, 4);
  });
}

inline std::uint32_t bmp_bits(std::span<const std::byte> file) {
  return std::to_integer<std::uint32_t>(file[28]);
}

}  // namespace qmpshot::test
