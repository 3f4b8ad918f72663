// SPDX-License-Identifier: MIT
#include "encode/bmp.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace qmpshot::encode {
namespace {

constexpr std::uint32_t file_header_bytes = 14;
constexpr std::uint32_t info_header_bytes = 40;
constexpr std::uint32_t pixels_per_metre = 2835;  // 72 dpi, what most writers say

// Colours in order of appearance, at most 256, as 0x00RRGGBB.
class Palette {
 public:
  // The colour's place; nothing when it would be the 257th.
  std::optional<std::uint8_t> index_of(std::uint32_t colour) {
    std::size_t slot = (colour * 0x9E3779B1U) >> 22;  // Knuth's multiplicative hash, top 10 bits
    while (slots_[slot] != 0 && colours_[slots_[slot] - 1U] != colour) slot = (slot + 1) % 1024;
    if (slots_[slot] == 0) {
      if (size_ == colours_.size()) return std::nullopt;
      colours_[size_++] = colour;
      slots_[slot] = static_cast<std::uint16_t>(size_);
    }
    return static_cast<std::uint8_t>(slots_[slot] - 1);
  }

  [[nodiscard]] std::span<const std::uint32_t> colours() const {
    return std::span(colours_).first(size_);
  }
  [[nodiscard]] std::uint32_t bits() const { return size_ <= 2 ? 1 : size_ <= 16 ? 4 : 8; }

 private:
  std::array<std::uint16_t, 1024> slots_{};  // place + 1; 0 is free
  std::array<std::uint32_t, 256> colours_{};
  std::size_t size_ = 0;
};

template <PixelFormat format>
std::uint32_t colour_at(const std::byte* pixel) {
  const auto at = [pixel](int i) { return std::to_integer<std::uint32_t>(pixel[i]); };
  if constexpr (format == PixelFormat::rgb24) return at(0) << 16 | at(1) << 8 | at(2);
  return at(2) << 16 | at(1) << 8 | at(0);
}

// One index a pixel, rows top to bottom without padding. False when 256 colours do not suffice.
template <PixelFormat format>
bool find_indices(const ImageView& image, Palette& palette, std::vector<std::uint8_t>& indices) {
  indices.resize(std::size_t{image.width_px} * image.height_px);
  std::uint8_t* to = indices.data();
  std::uint32_t last = 0xFFFFFFFF;  // no colour; screens repeat the last one most of the time
  std::uint8_t last_index = 0;
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    const std::byte* pixel = image.row(y).data();
    for (std::uint32_t x = 0; x < image.width_px; ++x, pixel += bytes_per_pixel(format)) {
      const std::uint32_t colour = colour_at<format>(pixel);
      if (colour != last) {
        const std::optional<std::uint8_t> index = palette.index_of(colour);
        if (!index) return false;
        last = colour;
        last_index = *index;
      }
      *to++ = last_index;
    }
  }
  return true;
}

// The leftmost pixel in the highest bits.
void pack_row(std::span<const std::uint8_t> indices, std::uint32_t bits, std::byte* to) {
  const std::size_t per_byte = 8 / bits;
  for (std::size_t x = 0; x < indices.size(); x += per_byte) {
    unsigned packed = 0;
    for (std::size_t i = 0; i < per_byte; ++i) {
      packed = packed << bits | (x + i < indices.size() ? indices[x + i] : 0U);
    }
    *to++ = static_cast<std::byte>(packed);
  }
}

void copy_row(const ImageView& image, std::uint32_t y, std::byte* to) {
  const std::span<const std::byte> row = image.row(y);
  if (image.format == PixelFormat::rgb24) {
    for (std::size_t x = 0; x < row.size(); x += 3) {
      to[x] = row[x + 2];
      to[x + 1] = row[x + 1];
      to[x + 2] = row[x];
    }
    return;
  }
  for (std::size_t x = 0; x < row.size(); x += 4) {
    std::memcpy(to + x, &row[x], 3);
    to[x + 3] = std::byte{0};  // "not used"; whatever the frame buffer held there, it is not ours
  }
}

class LittleEndian {
 public:
  explicit LittleEndian(std::byte* to) : to_(to) {}
  LittleEndian& u16(std::uint32_t value) { return put(value, 2); }
  LittleEndian& u32(std::uint32_t value) { return put(value, 4); }

 private:
  LittleEndian& put(std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) *to_++ = static_cast<std::byte>(value >> (8 * i) & 0xFF);
    return *this;
  }
  std::byte* to_;
};

}  // namespace

Result<void> encode_bmp(const ImageView& image, std::vector<std::byte>& out) {
  if (image.pixels.empty()) return Error(Errc::bad_argument, "writing a BMP: the image is empty");
  Palette palette;
  std::vector<std::uint8_t> indices;
  const bool fits = image.format == PixelFormat::rgb24
                        ? find_indices<PixelFormat::rgb24>(image, palette, indices)
                        : find_indices<PixelFormat::xrgb8888>(image, palette, indices);
  const auto colours = fits ? palette.colours() : std::span<const std::uint32_t>{};
  const auto bits =
      fits ? palette.bits() : static_cast<std::uint32_t>(8 * bytes_per_pixel(image.format));
  const std::uint32_t row_bytes = (image.width_px * bits + 31) / 32 * 4;  // rows fill 32-bit words
  const std::uint32_t image_bytes = row_bytes * image.height_px;
  const auto palette_bytes = static_cast<std::uint32_t>(4 * colours.size());
  const std::uint32_t offset = file_header_bytes + info_header_bytes + palette_bytes;

  const std::size_t start = out.size();
  out.resize(start + offset + image_bytes);  // zeroes: what pads the rows
  LittleEndian header(out.data() + start);
  header.u16(0x4D42).u32(offset + image_bytes).u32(0).u32(offset);  // "BM"
  header.u32(info_header_bytes).u32(image.width_px).u32(image.height_px).u16(1).u16(bits);
  header.u32(0 /* BI_RGB */).u32(image_bytes).u32(pixels_per_metre).u32(pixels_per_metre);
  header.u32(palette_bytes / 4).u32(0 /* every colour is important */);
  for (const std::uint32_t colour : colours) header.u32(colour);

  std::byte* to = out.data() + start + offset;
  for (std::uint32_t y = image.height_px; y-- > 0; to += row_bytes) {
    if (fits) {
      pack_row(std::span(indices).subspan(std::size_t{y} * image.width_px, image.width_px), bits,
               to);
    } else {
      copy_row(image, y, to);
    }
  }
  return {};
}

}  // namespace qmpshot::encode
