// SPDX-License-Identifier: MIT
#include "encode/content.h"
#include "encode/geometry.h"
#include "encode/kernels_convert.h"

#include <array>
#include <cstdio>
#include <vector>

#define XXH_INLINE_ALL  // header-only: one function is not worth a library
#include <xxhash.h>

namespace qmpshot::encode {

std::string content_hash(const ImageView& image) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  for (const std::uint32_t side : {image.width_px, image.height_px}) {
    std::array<std::uint8_t, 4> bytes{};
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(side >> 8 * i);
    XXH3_128bits_update(&state, bytes.data(), bytes.size());
  }
  const std::uint32_t height_px = is_whole(image) ? image.height_px : 0;
  std::vector<std::byte> rgb;
  if (image.format != PixelFormat::rgb24 && height_px > 0)
    rgb.resize(std::size_t{3} * image.width_px);
  for (std::uint32_t y = 0; y < height_px; ++y) {
    std::span<const std::byte> row = image.row(y);
    if (image.format != PixelFormat::rgb24) {
      convert_kernels().rgb_from_xrgb(reinterpret_cast<const std::uint8_t*>(row.data()),
                                      reinterpret_cast<std::uint8_t*>(rgb.data()), image.width_px);
      row = rgb;
    }
    XXH3_128bits_update(&state, row.data(), row.size());
  }
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
  std::string text = "xxh128:";
  for (const unsigned char byte : canonical.digest) {
    std::array<char, 3> hex{};
    (void)std::snprintf(hex.data(), hex.size(), "%02x", byte);
    text += hex.data();
  }
  return text;
}

}  // namespace qmpshot::encode
