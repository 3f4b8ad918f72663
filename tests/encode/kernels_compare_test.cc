// SPDX-License-Identifier: MIT
#include "encode/kernels_compare.h"

#include "tests/support/guarded.h"

#include <qmpshot/image.h>

#include <gtest/gtest.h>

#include <vector>

namespace qmpshot::encode {
namespace {

// Pairs of rows between which every kind of difference occurs: none, one bit in one channel, the
// unused byte alone, everything.
template <class Kernel>
void expect_like_scalar(Kernel CompareKernels::*kernel, std::size_t pixel_bytes) {
  const test::GuardedMemory a_memory(258 * pixel_bytes + 64);
  const test::GuardedMemory b_memory(258 * pixel_bytes + 64);
  test::for_each_kernel_case([&](CpuTarget target, std::size_t length, std::size_t offset) {
    const auto a = test::place(a_memory, offset, length * pixel_bytes);
    const auto b = test::place(b_memory, offset == test::at_upper_guard ? offset : offset * 7 % 64,
                               length * pixel_bytes);
    const auto seed = static_cast<std::uint32_t>(length * 65 + offset);
    test::fill(a, seed);
    for (int change = 0; change < 4; ++change) {
      std::copy(a.begin(), a.end(), b.begin());
      if (change == 1 && length > 0)
        b[seed * 31 % b.size()] ^= static_cast<std::uint8_t>(1U << seed % 8);
      if (change == 2 && pixel_bytes == 4) {
        for (std::size_t i = 3; i < b.size(); i += 4) b[i] ^= 0xFF;
      }
      if (change == 3) test::fill(b, seed + 1);
      ASSERT_EQ((compare_kernels(target).*kernel)(a.data(), b.data(), length),
                (compare_kernels(CpuTarget::scalar).*kernel)(a.data(), b.data(), length))
          << name(target) << ", " << length << " pixels, offset " << offset << ", " << change;
    }
  });
}

TEST(CompareKernels, EqualBytesEqualsTheScalarOne) {
  expect_like_scalar(&CompareKernels::equal_bytes, 1);
}
TEST(CompareKernels, EqualXrgbEqualsTheScalarOne) {
  expect_like_scalar(&CompareKernels::equal_xrgb, 4);
}
TEST(CompareKernels, ChangedRgbEqualsTheScalarOne) {
  expect_like_scalar(&CompareKernels::changed_rgb, 3);
}
TEST(CompareKernels, ChangedXrgbEqualsTheScalarOne) {
  expect_like_scalar(&CompareKernels::changed_xrgb, 4);
}
TEST(CompareKernels, SquaresRgbEqualsTheScalarOne) {
  expect_like_scalar(&CompareKernels::squares_rgb, 3);
}
TEST(CompareKernels, SquaresXrgbEqualsTheScalarOne) {
  expect_like_scalar(&CompareKernels::squares_xrgb, 4);
}

TEST(CompareKernels, HoldTheLongestRowOfTheLargestDifferences) {
  const std::vector<std::uint8_t> black(4 * max_side_px);
  const std::vector<std::uint8_t> white(4 * max_side_px, 255);
  constexpr std::uint64_t expected = std::uint64_t{3} * 255 * 255 * max_side_px;
  for (const CpuTarget target : cpu_targets()) {
    const CompareKernels& kernels = compare_kernels(target);
    EXPECT_EQ(kernels.squares_rgb(black.data(), white.data(), max_side_px), expected);
    EXPECT_EQ(kernels.squares_xrgb(white.data(), black.data(), max_side_px), expected);
    EXPECT_EQ(kernels.changed_rgb(black.data(), white.data(), max_side_px), max_side_px);
    EXPECT_EQ(kernels.changed_xrgb(black.data(), white.data(), max_side_px), max_side_px);
  }
}

}  // namespace
}  // namespace qmpshot::encode
