// SPDX-License-Identifier: MIT
#include "encode/kernels_filter.h"

#include "tests/support/guarded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace qmpshot::encode {
namespace {

TEST(FilterKernels, SubtractEqualsTheScalarOne) {
  const test::GuardedMemory a_memory(258 + 64);
  const test::GuardedMemory b_memory(258 + 64);
  const test::GuardedMemory out_memory(258 + 64);
  std::vector<std::uint8_t> expected(258);
  test::for_each_kernel_case([&](CpuTarget target, std::size_t length, std::size_t offset) {
    const auto a = test::place(a_memory, offset, length);
    const auto b = test::place(b_memory, offset, length);
    const auto out = test::place(out_memory, offset, length);
    test::fill(a, static_cast<std::uint32_t>(length));
    test::fill(b, static_cast<std::uint32_t>(offset + 1000));
    filter_kernels(CpuTarget::scalar).subtract(a.data(), b.data(), length, expected.data());
    filter_kernels(target).subtract(a.data(), b.data(), length, out.data());
    ASSERT_TRUE(std::equal(out.begin(), out.end(), expected.begin()))
        << name(target) << ", " << length << " bytes, offset " << offset;
  });
}

TEST(FilterKernels, SubtractAverageEqualsTheScalarOne) {
  const test::GuardedMemory in_memory(258 + 64);
  const test::GuardedMemory left_memory(258 + 64);
  const test::GuardedMemory above_memory(258 + 64);
  const test::GuardedMemory out_memory(258 + 64);
  std::vector<std::uint8_t> expected(258);
  test::for_each_kernel_case([&](CpuTarget target, std::size_t length, std::size_t offset) {
    const auto in = test::place(in_memory, offset, length);
    const auto left = test::place(left_memory, offset, length);
    const auto above = test::place(above_memory, offset, length);
    const auto out = test::place(out_memory, offset, length);
    test::fill(in, static_cast<std::uint32_t>(length));
    test::fill(left, static_cast<std::uint32_t>(offset + 1000));
    test::fill(above, static_cast<std::uint32_t>(offset + 2000));
    filter_kernels(CpuTarget::scalar)
        .subtract_average(in.data(), left.data(), above.data(), length, expected.data());
    filter_kernels(target).subtract_average(in.data(), left.data(), above.data(), length,
                                            out.data());
    ASSERT_TRUE(std::equal(out.begin(), out.end(), expected.begin()))
        << name(target) << ", " << length << " bytes, offset " << offset;
  });
}

TEST(FilterKernels, TheAverageIsRoundedDown) {
  const std::uint8_t in[] = {0, 0, 0, 0};
  const std::uint8_t left[] = {255, 255, 0, 1};
  const std::uint8_t above[] = {255, 254, 1, 2};
  std::uint8_t out[4];
  filter_kernels(CpuTarget::scalar).subtract_average(in, left, above, 4, out);
  EXPECT_EQ(std::vector<int>(out, out + 4), (std::vector<int>{1, 2, 0, 255}));
}

TEST(FilterKernels, SurveyEqualsTheScalarOne) {
  const test::GuardedMemory row_memory(258 + 64);
  const test::GuardedMemory above_memory(258 + 64);
  test::for_each_kernel_case([&](CpuTarget target, std::size_t length, std::size_t offset) {
    const auto row = test::place(row_memory, offset, length);
    const auto above = test::place(above_memory, offset, length);
    test::fill(row, static_cast<std::uint32_t>(length), 3);
    test::fill(above, static_cast<std::uint32_t>(offset + 1000), 3);
    for (const std::size_t pixel_bytes : {1U, 3U}) {
      for (const std::size_t every : {64U, 128U}) {
        const RowSurvey expected =
            filter_kernels(CpuTarget::scalar)
                .survey(row.data(), above.data(), length, pixel_bytes, every);
        const RowSurvey survey =
            filter_kernels(target).survey(row.data(), above.data(), length, pixel_bytes, every);
        ASSERT_EQ(survey.seen, expected.seen) << name(target) << length;
        ASSERT_EQ(survey.novel, expected.novel) << name(target) << length;
        ASSERT_EQ(survey.sub, expected.sub) << name(target) << length;
        ASSERT_EQ(survey.up, expected.up) << name(target) << length;
        ASSERT_EQ(survey.average, expected.average) << name(target) << length;
      }
    }
  });
}

TEST(FilterKernels, ScalarSurveyCountsWhatIsNewAndHowFarOff) {
  const std::uint8_t above[] = {5, 5, 5, 5};
  const std::uint8_t row[] = {5, 5, 7, 6};
  const RowSurvey survey = filter_kernels(CpuTarget::scalar).survey(row, above, sizeof row, 1, 64);
  EXPECT_EQ(survey.seen, 3U);
  EXPECT_EQ(survey.novel, 2U);
  EXPECT_EQ(survey.sub, 3U);  // 0, 2, and 255, which is 1 off
  EXPECT_EQ(survey.up, 3U);
  EXPECT_EQ(survey.average, 2U);
}

TEST(FilterKernels, GreyEqualsTheScalarOne) {
  const test::GuardedMemory in_memory(258 * 4 + 64);
  const test::GuardedMemory out_memory(258 + 64);
  std::vector<std::uint8_t> expected(258);
  test::for_each_kernel_case([&](CpuTarget target, std::size_t length, std::size_t offset) {
    for (const PixelFormat format : {PixelFormat::rgb24, PixelFormat::xrgb8888}) {
      const auto in = test::place(in_memory, offset, length * bytes_per_pixel(format));
      const auto out = test::place(out_memory, offset, length);
      test::fill(in, static_cast<std::uint32_t>(length + offset));
      filter_kernels(CpuTarget::scalar).grey(in.data(), format, length, expected.data());
      filter_kernels(target).grey(in.data(), format, length, out.data());
      ASSERT_TRUE(std::equal(out.begin(), out.end(), expected.begin()))
          << name(target) << ", " << length << " pixels, offset " << offset;
    }
  });
}

}  // namespace
}  // namespace qmpshot::encode
