// SPDX-License-Identifier: MIT
#include "encode/kernels_convert.h"

#include "tests/support/guarded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace qmpshot::encode {
namespace {

using Convert = void (*)(const std::uint8_t*, std::uint8_t*, std::size_t);

void expect_like_scalar(Convert ConvertKernels::*kernel, std::size_t in_bytes,
                        std::size_t out_bytes) {
  const test::GuardedMemory in_memory(258 * in_bytes + 64);
  const test::GuardedMemory out_memory(258 * out_bytes + 64);
  std::vector<std::uint8_t> expected(258 * out_bytes);
  test::for_each_kernel_case([&](CpuTarget target, std::size_t length, std::size_t offset) {
    const auto in = test::place(in_memory, offset, length * in_bytes);
    const auto out = test::place(out_memory, offset, length * out_bytes);
    test::fill(in, static_cast<std::uint32_t>(length * 65 + offset));
    (convert_kernels(CpuTarget::scalar).*kernel)(in.data(), expected.data(), length);
    (convert_kernels(target).*kernel)(in.data(), out.data(), length);
    ASSERT_TRUE(std::equal(out.begin(), out.end(), expected.begin()))
        << name(target) << ", " << length << " pixels, offset " << offset;
  });
}

TEST(ConvertKernels, RgbFromXrgbEqualsTheScalarOne) {
  expect_like_scalar(&ConvertKernels::rgb_from_xrgb, 4, 3);
}

TEST(ConvertKernels, XrgbFromRgbEqualsTheScalarOne) {
  expect_like_scalar(&ConvertKernels::xrgb_from_rgb, 3, 4);
}

TEST(ConvertKernels, BgrFromRgbEqualsTheScalarOne) {
  expect_like_scalar(&ConvertKernels::bgr_from_rgb, 3, 3);
}

TEST(ConvertKernels, ScalarSwapsBlueAndRed) {
  const std::uint8_t xrgb[] = {1, 2, 3, 4};
  std::uint8_t rgb[3];
  convert_kernels(CpuTarget::scalar).rgb_from_xrgb(xrgb, rgb, 1);
  EXPECT_EQ(std::vector<int>(rgb, rgb + 3), (std::vector<int>{3, 2, 1}));
  std::uint8_t back[4];
  convert_kernels(CpuTarget::scalar).xrgb_from_rgb(rgb, back, 1);
  EXPECT_EQ(std::vector<int>(back, back + 4), (std::vector<int>{1, 2, 3, 255}));
}

}  // namespace
}  // namespace qmpshot::encode
