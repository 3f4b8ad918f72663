// SPDX-License-Identifier: MIT
#include "encode/warm_up.h"

#include <array>
#include <cstdint>

namespace qmpshot::encode {
namespace {

// Large enough for vectors of each target and a few blank rows, small beside a frame.
constexpr std::uint32_t width_px = 320;
constexpr std::uint32_t height_px = 16;

using Pixels = std::array<std::byte, std::size_t{3} * width_px * height_px>;

// Something like text: blank rows, and others whose strokes repeat and do not. The random numbers
// are those of glibc's rand_r.
//   colours  2 to 16
Pixels picture(std::uint32_t colours) noexcept {
  Pixels pixels{};
  std::uint32_t random = 1;
  for (std::uint32_t i = 0; i < width_px * height_px; ++i) {
    random = random * 1103515245U + 12345U;
    const bool is_blank = i / width_px % 4 == 0 || i / 8 % 3 == 0;
    const std::uint32_t colour = is_blank ? 0 : (random >> 24U) % colours;
    for (std::size_t k = 0; k < 3; ++k) pixels[3 * i + k] = static_cast<std::byte>(15 * colour);
  }
  return pixels;
}

}  // namespace

Result<void> warm_up(const Encoder& encoder) {
  EncodeOptions options;
  options.threads = 1;
  for (const std::uint32_t colours : {2U, 16U}) {
    const Pixels pixels = picture(colours);
    ImageView image;
    image.pixels = pixels;
    image.width_px = width_px;
    image.height_px = height_px;
    image.stride_bytes = std::size_t{3} * width_px;
    const auto file = encode(encoder, image, options);
    if (!file) return file.error();
  }
  return {};
}

}  // namespace qmpshot::encode
