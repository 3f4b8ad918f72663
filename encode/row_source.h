// SPDX-License-Identifier: MIT
// A picture's rows, wherever they are: what looks at them one by one need not have all in memory.
#pragma once

#include <qmpshot/image.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace qmpshot::encode {

// No side is 0. Used by one thread at a time.
class RowSource {
 public:
  RowSource(std::uint32_t width, std::uint32_t height, PixelFormat pixel_format) noexcept
      : width_px(width), height_px(height), format(pixel_format) {}
  RowSource(const RowSource&) = delete;
  RowSource& operator=(const RowSource&) = delete;
  virtual ~RowSource() = default;

  // Row y, packed. It stays where it is until the next call but one. Each may be asked for at any
  // time and again; from top to bottom is fastest.
  //   return  empty where it did not come, and then always
  virtual std::span<const std::byte> row(std::uint32_t y) = 0;

  // Whether row() may have to wait, and may give none.
  [[nodiscard]] virtual bool is_coming() const noexcept { return false; }

  const std::uint32_t width_px;
  const std::uint32_t height_px;
  const PixelFormat format;
};

// Those of a picture in memory.
class ImageRows final : public RowSource {
 public:
  explicit ImageRows(const ImageView& image) noexcept
      : RowSource(image.width_px, image.height_px, image.format), image_(image) {}

  std::span<const std::byte> row(std::uint32_t y) override { return image_.row(y); }

 private:
  ImageView image_;
};

}  // namespace qmpshot::encode
