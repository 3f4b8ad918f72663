// SPDX-License-Identifier: MIT
#include "encode/kernels_palette.h"

#include "tests/support/guarded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace qmpshot::encode {
namespace {

constexpr std::array<ColourKey, 3> keys = {0x000000, 0xAA55AA, 0xAA5500};
constexpr PixelFormat formats[] = {PixelFormat::rgb24, PixelFormat::xrgb8888};

// Pixels of the first two keys; with `foreign`, one of the third.
void draw(std::span<std::uint8_t> out, PixelFormat format, std::uint32_t seed, bool foreign) {
  const std::size_t pixel_bytes = bytes_per_pixel(format);
  const std::size_t count = out.size() / pixel_bytes;
  std::vector<std::uint8_t> random(count);
  test::fill(random, seed, 2);
  if (foreign && count > 0) random[seed % count] = 2;
  for (std::size_t x = 0; x < count; ++x) {
    for (std::size_t i = 0; i < pixel_bytes; ++i) {
      out[pixel_bytes * x + i] = static_cast<std::uint8_t>(keys[random[x]] >> 8 * i);
    }
    if (pixel_bytes == 4) out[4 * x + 3] = static_cast<std::uint8_t>(x * 37);
  }
}

// Takes `map`(kernels, in, format, length, out) through the rig, beside the scalar one.
template <class Map>
void expect_like_scalar(std::size_t out_bits, Map map) {
  const test::GuardedMemory in_memory(258 * 4 + 64);
  const test::GuardedMemory out_memory(258 + 64);
  std::vector<std::uint8_t> expected(258);
  std::uint32_t seed = 0;
  test::for_each_kernel_case([&](CpuTarget target, std::size_t length, std::size_t offset) {
    for (const PixelFormat format : formats) {
      const auto in = test::place(in_memory, offset, length * bytes_per_pixel(format));
      const auto out = test::place(out_memory, offset, (length * out_bits + 7) / 8);
      ++seed;
      draw(in, format, seed, seed % 3 == 0);
      const auto& scalar = palette_kernels(CpuTarget::scalar);
      const std::size_t mapped = map(scalar, in.data(), format, length, expected.data());
      ASSERT_EQ(map(palette_kernels(target), in.data(), format, length, out.data()), mapped)
          << name(target) << ", " << length << " pixels, offset " << offset;
      const auto whole =
          static_cast<std::ptrdiff_t>(mapped == length ? out.size() : mapped * out_bits / 8);
      ASSERT_TRUE(std::equal(out.begin(), out.begin() + whole, expected.begin()))
          << name(target) << ", " << length << " pixels, offset " << offset;
    }
  });
}

TEST(PaletteKernels, MapTwoEqualsTheScalarOne) {
  expect_like_scalar(1, [](const PaletteKernels& kernels, const std::uint8_t* in,
                           PixelFormat format, std::size_t length, std::uint8_t* out) {
    return kernels.map_two(in, format, length, keys[0], keys[1], out);
  });
}

// Two keys in a table of 16 or 32 slots; the others hold a key whose slot is another.
SlotTable slot_table(unsigned bits) {
  SlotTable table;
  table.bits = bits;
  table.multiplier = 0x9E3779B1U;
  table.slots.fill(keys[0]);
  table.slots[(keys[1] * table.multiplier) >> (32U - bits)] = keys[1] | 1U << 24U;
  return table;
}

TEST(PaletteKernels, MapPackedEqualsTheScalarOne) {
  for (const unsigned bits : {4U, 5U}) {
    const SlotTable table = slot_table(bits);
    for (const unsigned depth : {2U, 4U}) {
      expect_like_scalar(depth, [&](const PaletteKernels& kernels, const std::uint8_t* in,
                                    PixelFormat format, std::size_t length, std::uint8_t* out) {
        return kernels.map_packed(in, format, length, table, depth, out);
      });
    }
  }
}

TEST(PaletteKernels, MapSlotsEqualsTheScalarOne) {
  for (const unsigned bits : {4U, 5U}) {
    const SlotTable table = slot_table(bits);
    expect_like_scalar(8, [&](const PaletteKernels& kernels, const std::uint8_t* in,
                              PixelFormat format, std::size_t length, std::uint8_t* out) {
      return kernels.map_slots(in, format, length, table, out);
    });
  }
}

TEST(PaletteKernels, MapLargeEqualsTheScalarOne) {
  const auto table = std::make_unique<LargeTable>();
  table->multiplier = 0x9E3779B1U;
  table->slots.fill(keys[0]);
  table->slots[(keys[1] * table->multiplier) >> (32U - large_table_bits)] = keys[1] | 7U << 24U;
  expect_like_scalar(8, [&](const PaletteKernels& kernels, const std::uint8_t* in,
                            PixelFormat format, std::size_t length, std::uint8_t* out) {
    return kernels.map_large(in, format, length, *table, out);
  });
}

TEST(PaletteKernels, ScalarPutsTheLeftmostPixelIntoTheHighestBits) {
  const auto& scalar = palette_kernels(CpuTarget::scalar);
  const std::uint8_t rgb[] = {1, 2, 3, 9, 9, 9, 9, 9, 9};
  std::uint8_t out[1];
  EXPECT_EQ(scalar.map_two(rgb, PixelFormat::rgb24, 3, 0x030201, 0x090909, out), 3U);
  EXPECT_EQ(out[0], 0x60);
  EXPECT_EQ(scalar.map_two(rgb, PixelFormat::rgb24, 3, 0x030201, 0x090908, out), 1U);
  SlotTable table = slot_table(4);
  table.slots[(0x090909U * table.multiplier) >> 28U] = 0x090909U | 2U << 24U;
  table.slots[(0x030201U * table.multiplier) >> 28U] = 0x030201U | 3U << 24U;
  EXPECT_EQ(scalar.map_packed(rgb, PixelFormat::rgb24, 3, table, 2, out), 3U);
  EXPECT_EQ(out[0], 0xE8);
}

}  // namespace
}  // namespace qmpshot::encode
