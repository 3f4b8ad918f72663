// SPDX-License-Identifier: MIT
// Netpbm's binary PPM (P6, maxval 255): what QEMU's screendump writes.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace qmpshot::encode {

// The bytes before the first pixel, and what they promise.
struct PpmHeader {
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  std::size_t header_bytes = 0;  // where the first pixel starts

  [[nodiscard]] std::size_t row_bytes() const noexcept { return std::size_t{3} * width_px; }
  [[nodiscard]] std::size_t file_bytes() const noexcept {
    return header_bytes + row_bytes() * height_px;
  }

  // As QEMU pads them, 11.1 at the latest: to a multiple of four, which shows at a width of 1366.
  //   source  QEMU ui/ui-qmp-cmds.c:ppm_save writes pixman_image_get_stride() bytes of each row
  [[nodiscard]] std::size_t padded_row_bytes() const noexcept { return (row_bytes() + 3) / 4 * 4; }

  // How far apart the rows of a file are that has so many bytes: ppm(5) packs them.
  //   return  nullopt where it holds neither packed nor padded ones
  [[nodiscard]] std::optional<std::size_t> stride_bytes(std::size_t size) const noexcept {
    if (size == file_bytes()) return row_bytes();
    if (size == header_bytes + padded_row_bytes() * height_px) return padded_row_bytes();
    return std::nullopt;
  }
};

// No header QEMU writes is longer: "P6\n16384 16384\n255\n" is 19 bytes.
inline constexpr std::size_t max_ppm_header_bytes = 64;

// Reads the header only, from the first bytes of a file; max_ppm_header_bytes of them suffice.
//   errors  bad_image: not P6, a side of 0 or above max_side_px, a maxval other than 255, cut short
//   source  netpbm ppm(5); comments ('#' to the end of the line) are skipped as it says
Result<PpmHeader> parse_ppm_header(std::span<const std::byte> in);

// Reads a binary PPM (P6, maxval 255), the only kind QEMU writes.
//   in      one whole file; nothing may follow the last pixel
//   return  rows top to bottom, rgb24, packed or padded as stride_bytes() says; borrows `in`
//   errors  bad_image
//   source  netpbm ppm(5); QEMU ui/ui-qmp-cmds.c:ppm_save
Result<ImageView> parse_ppm(std::span<const std::byte> in);

// Appends `image` to `out` as one PPM file.
//   errors  bad_argument: an empty image
Result<void> encode_ppm(const ImageView& image, std::vector<std::byte>& out);

}  // namespace qmpshot::encode
