// SPDX-License-Identifier: MIT
#include "encode/warm_up.h"

#include "encode/pages.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace qmpshot::encode {
namespace {

constexpr std::uint32_t width_px = 80;
constexpr std::uint32_t height_px = 32;
constexpr std::size_t image_bytes = std::size_t{3} * width_px * height_px;
constexpr std::size_t heap_bytes = 98304;
static_assert(image_bytes <= heap_bytes);

// Something like text: strokes that repeat and some that do not, between blank columns. Without a
// division, which would take longer than the encoding.
void draw(std::uint32_t colours, std::span<std::byte> pixels) noexcept {
  for (std::uint32_t i = 0; i < width_px * height_px; ++i) {
    const std::uint32_t stroke = (i >> 3U & 3U) == 0 ? 0 : (i * i >> 7U) & (colours - 1);
    for (std::size_t k = 0; k < 3; ++k) pixels[3 * i + k] = static_cast<std::byte>(15 * stroke);
  }
}

}  // namespace

void warm_up(const Encoder& encoder, const EncodeOptions& options) noexcept try {
  // The next file, and what its rows are read into, will find the memory that this leaves in the
  // heap.
  const auto memory = std::make_unique_for_overwrite<std::byte[]>(heap_bytes);
  map_to_write({memory.get(), heap_bytes});
  const std::span pixels(memory.get(), image_bytes);
  ImageView image;
  image.pixels = pixels;
  image.width_px = width_px;
  image.height_px = height_px;
  image.stride_bytes = std::size_t{3} * width_px;
  for (const std::uint32_t colours : {2U, 16U}) {  // powers of two
    draw(colours, pixels);
    (void)encode(encoder, image, options);  // too small for threads
  }
} catch (...) {  // no memory
}

}  // namespace qmpshot::encode
