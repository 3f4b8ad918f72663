// SPDX-License-Identifier: MIT
#include "encode/bmp.h"

#include "encode/kernels_convert.h"
#include "encode/palette.h"

#include <array>
#include <bit>
#include <cstring>

namespace qmpshot::encode {
namespace {

constexpr std::uint32_t file_header_bytes = 14;
constexpr std::uint32_t info_header_bytes = 40;
constexpr std::uint32_t pixels_per_metre = 2835;  // 72 dpi, what most writers say

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

// Where things stand in a file of `bits` a pixel. A palette is written in full, used or not,
// because its place comes before the pixels that fill it.
struct Layout {
  Layout(const ImageView& image, std::uint32_t bits_per_pixel)
      : bits(bits_per_pixel),
        colours(bits <= 8 ? 1U << bits : 0),
        packed_bytes((image.width_px * bits + 7) / 8),
        row_bytes((image.width_px * bits + 31) / 32 * 4),  // rows fill 32-bit words
        offset(file_header_bytes + info_header_bytes + 4 * colours),
        file_bytes(offset + row_bytes * image.height_px) {}

  std::uint32_t bits;
  std::uint32_t colours;
  std::uint32_t packed_bytes;
  std::uint32_t row_bytes;
  std::uint32_t offset;
  std::uint32_t file_bytes;
};

// Calls write_row(row, to) from the last row to the first, and clears what pads each. False when it
// does.
template <class WriteRow>
bool write_rows(const ImageView& image, const Layout& layout, std::byte* to, WriteRow&& write_row) {
  to += layout.offset;
  for (std::uint32_t y = image.height_px; y-- > 0; to += layout.row_bytes) {
    if (!write_row(image.row(y), reinterpret_cast<std::uint8_t*>(to))) return false;
    std::memset(to + layout.packed_bytes, 0, layout.row_bytes - layout.packed_bytes);
  }
  return true;
}

void write_headers(const ImageView& image, const Layout& layout, const Palette& palette,
                   std::byte* to) {
  LittleEndian file(to);
  file.u16(0x4D42).u32(layout.file_bytes).u32(0).u32(layout.offset);  // "BM"
  file.u32(info_header_bytes).u32(image.width_px).u32(image.height_px).u16(1).u16(layout.bits);
  file.u32(0 /* BI_RGB */).u32(layout.file_bytes - layout.offset);
  file.u32(pixels_per_metre).u32(pixels_per_metre);
  file.u32(layout.colours).u32(0 /* all of them important */);
  auto colours = palette.colours();
  colours.resize(layout.colours);  // the rest of the table is black
  for (const auto& rgb : colours) {
    file.u32(static_cast<std::uint32_t>(rgb[0] << 16 | rgb[1] << 8 | rgb[2]));
  }
}

// "Not used", says the format of the fourth byte. Whatever the frame buffer held there is not ours.
void clear_fourth(std::span<const std::byte> row, std::uint8_t* to) {
  for (std::size_t i = 0; i < row.size(); i += 4) {
    std::uint32_t pixel;
    std::memcpy(&pixel, &row[i], 4);
    if constexpr (std::endian::native == std::endian::little) {
      pixel &= 0x00FFFFFF;
    } else {
      pixel &= 0xFFFFFF00;
    }
    std::memcpy(to + i, &pixel, 4);
  }
}

}  // namespace

Result<void> encode_bmp(const ImageView& image, std::vector<std::byte>& out) {
  if (image.pixels.empty()) return Error(Errc::bad_argument, "writing a BMP: the image is empty");
  const std::size_t start = out.size();
  Palette palette(image.format);
  const auto try_palette = [&](std::uint32_t bits) {
    const Layout layout(image, bits);
    out.resize(start + layout.file_bytes + Palette::slack);
    const bool fits = write_rows(image, layout, &out[start],
                                 [&](std::span<const std::byte> row, std::uint8_t* to) {
                                   return palette.map_row(row, bits, to);
                                 });
    if (fits) write_headers(image, layout, palette, &out[start]);
    out.resize(start + layout.file_bytes);
    return fits;
  };
  for (const std::uint32_t bits : {1U, 4U, 8U}) {
    if (palette.size() <= std::size_t{1} << bits && try_palette(bits)) return {};
  }
  const bool rgb = image.format == PixelFormat::rgb24;
  const Layout layout(image, rgb ? 24 : 32);
  out.resize(start + layout.file_bytes);
  write_rows(image, layout, &out[start], [&](std::span<const std::byte> row, std::uint8_t* to) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(row.data());
    if (rgb) {
      convert_kernels().bgr_from_rgb(from, to, image.width_px);
    } else {
      clear_fourth(row, to);
    }
    return true;
  });
  write_headers(image, layout, palette, &out[start]);
  return {};
}

}  // namespace qmpshot::encode
