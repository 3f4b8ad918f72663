// SPDX-License-Identifier: MIT
// Pixels to palette indices, at the speed of memory. Private to encode.
#pragma once

#include "encode/kernels.h"

#include <qmpshot/image.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace qmpshot::encode {

// A pixel's three colour bytes in order of addresses, the first one lowest: the same number
// whatever the byte order of the format.
using ColourKey = std::uint32_t;
inline constexpr ColourKey key_mask = 0xFFFFFF;

// Up to 16 colours: a multiply-shift hash without collisions into 16 or 32 slots, which fit
// registers. A slot holds a key, and in its top byte the index; an empty one a key that belongs
// elsewhere.
struct SlotTable {
  alignas(64) std::array<std::uint32_t, 32> slots{};
  std::uint32_t multiplier = 1;
  unsigned bits = 4;  // 4 or 5
};

// Up to 256 colours: the same with slots in memory.
inline constexpr unsigned large_table_bits = 14;
struct LargeTable {
  std::array<std::uint32_t, 1U << large_table_bits> slots;
  std::uint32_t multiplier = 1;
};

// Each takes one row of count_px pixels and returns how many of them it could map: count_px, or the
// first pixel whose colour is not there.
struct PaletteKernels {
  // One bit a pixel, the leftmost in the highest bit, 0 for key0, 1 for key1 where that is
  // another; bits after the last pixel are 0.
  // The first byte that a missing colour falls into, and all after, are undefined.
  std::size_t (*map_two)(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                         ColourKey key0, ColourKey key1, std::uint8_t* out);

  // As map_two, but `depth` (2 or 4) bits a pixel: the colours' indices, none of which is larger.
  std::size_t (*map_packed)(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                            const SlotTable& table, unsigned depth, std::uint8_t* out);

  // One byte a pixel.
  std::size_t (*map_slots)(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                           const SlotTable& table, std::uint8_t* out);
  std::size_t (*map_large)(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                           const LargeTable& table, std::uint8_t* out);
};

const PaletteKernels& palette_kernels(CpuTarget target = cpu_target()) noexcept;

}  // namespace qmpshot::encode
