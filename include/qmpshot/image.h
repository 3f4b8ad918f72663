// SPDX-License-Identifier: MIT
// A picture in memory: a view that borrows the pixels, and an image that keeps them alive.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace qmpshot {

// How one pixel lies in memory, in order of addresses.
enum class PixelFormat : std::uint8_t {
  rgb24,     // R, G, B
  xrgb8888,  // B, G, R, ignored: a little-endian 0xXXRRGGBB, as a frame buffer has it
};

constexpr std::size_t bytes_per_pixel(PixelFormat format) noexcept {
  return format == PixelFormat::rgb24 ? 3 : 4;
}

// No side of an image is longer than this: the largest scan-out QEMU's devices offer.
inline constexpr std::uint32_t max_side_px = 16384;

// Borrows pixels. Rows run top to bottom, pixels left to right; a row starts stride_bytes after the
// one above it, and stride_bytes >= width_px * bytes_per_pixel(format).
struct ImageView {
  std::span<const std::byte> pixels;  // the last row may end without its padding
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  std::size_t stride_bytes = 0;
  PixelFormat format = PixelFormat::rgb24;

  [[nodiscard]] std::size_t row_bytes() const noexcept {
    return std::size_t{width_px} * bytes_per_pixel(format);
  }
  [[nodiscard]] std::span<const std::byte> row(std::uint32_t y) const noexcept {
    assert(y < height_px);
    return pixels.subspan(y * stride_bytes, row_bytes());
  }
};

// Owns, or shares, the memory behind its view. Copies are cheap and share the pixels.
class Image {
 public:
  Image() = default;

  // `view` borrows from what `owner` keeps alive.
  Image(std::shared_ptr<const void> owner, ImageView view)
      : owner_(std::move(owner)), view_(view) {}

  // `view` borrows from `bytes`.
  Image(std::vector<std::byte> bytes, ImageView view)
      : owner_(std::make_shared<const std::vector<std::byte>>(std::move(bytes))), view_(view) {}

  [[nodiscard]] const ImageView& view() const noexcept { return view_; }
  [[nodiscard]] bool empty() const noexcept { return view_.pixels.empty(); }

 private:
  std::shared_ptr<const void> owner_;
  ImageView view_;
};

}  // namespace qmpshot
