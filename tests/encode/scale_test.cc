// SPDX-License-Identifier: MIT
#include "encode/scale.h"

#include "encode/kernels.h"
#include "encode/png_read.h"
#include "tests/support/bytes.h"
#include "tests/support/images.h"

#include <gtest/gtest.h>

#include <cmath>

namespace qmpshot::encode {
namespace {

constexpr Filter every_filter[] = {Filter::automatic, Filter::area, Filter::lanczos3,
                                   Filter::nearest};

Image flat(std::uint32_t colour, PixelFormat format, std::uint32_t width = 37,
           std::uint32_t height = 23) {
  return test::make_image(
      width, height, format, [=](std::uint32_t, std::uint32_t) { return colour; }, 5);
}

TEST(Scale, LeavesAFlatColourAsItIs) {
  for (const Filter filter : every_filter) {
    for (const PixelFormat format : {PixelFormat::rgb24, PixelFormat::xrgb8888}) {
      for (const Size size : {Size{1, 1}, Size{5, 7}, Size{36, 22}, Size{37, 23}, Size{38, 200}}) {
        for (const std::uint32_t colour : {0x000000U, 0x010203U, 0xFFFEFDU, 0xFFFFFFU}) {
          const Image out = scale(flat(colour, format).view(), size, filter).value();
          EXPECT_TRUE(test::same_picture(
              out.view(), flat(colour, format, size.width_px, size.height_px).view()))
              << std::hex << colour << " at " << size.width_px;
        }
      }
    }
  }
}

TEST(Scale, ToItsOwnSizeChangesNothing) {
  const Image image = test::make_screen(61, 43, PixelFormat::rgb24, 5000, 3);
  for (const Filter filter : every_filter) {
    const Image out = scale(image.view(), {61, 43}, filter).value();
    EXPECT_TRUE(test::same_picture(out.view(), image.view())) << static_cast<int>(filter);
  }
}

// In light, not in bytes: half of white is 180, not 128, and so thin bright text stays readable.
TEST(Scale, TakesTheMeanOfTheLight) {
  const Image image = test::make_image(2, 1, PixelFormat::rgb24,
                                       [](std::uint32_t x, std::uint32_t) { return x * 0xFFFFFF; });
  const Image out = scale(image.view(), {1, 1}).value();
  EXPECT_EQ(test::rgb_at(out.view(), 0, 0), 0xB4B4B4U);
}

// Every source pixel counts as much as it is covered: a reference in plain floating point.
TEST(Scale, AreaEqualsTheMeanOfWhatAPixelCovers) {
  const Image image = test::make_screen(50, 31, PixelFormat::rgb24, 5000, 4);
  const Size size{17, 9};
  const Image out = scale(image.view(), size, Filter::area).value();
  const auto bend = [](double v) { return (v * v + v) / 2; };
  for (std::uint32_t y = 0; y < size.height_px; ++y) {
    for (std::uint32_t x = 0; x < size.width_px; ++x) {
      for (int shift = 0; shift < 24; shift += 8) {
        double sum = 0, area = 0;
        for (std::uint32_t v = 0; v < 31; ++v) {
          for (std::uint32_t u = 0; u < 50; ++u) {
            const double wide =
                std::min((x + 1) * 50 / 17.0, u + 1.0) - std::max(x * 50 / 17.0, 1.0 * u);
            const double high =
                std::min((y + 1) * 31 / 9.0, v + 1.0) - std::max(y * 31 / 9.0, 1.0 * v);
            if (wide <= 0 || high <= 0) continue;
            sum += wide * high * bend(test::rgb_at(image.view(), u, v) >> shift & 0xFF);
            area += wide * high;
          }
        }
        const double expected = (std::sqrt(8 * sum / area + 1) - 1) / 2;
        EXPECT_NEAR(test::rgb_at(out.view(), x, y) >> shift & 0xFF, expected, 0.6);
      }
    }
  }
}

TEST(Scale, NearestMakesSquaresOfPixels) {
  const Image image = test::make_screen(11, 7, PixelFormat::xrgb8888, 5000, 5);
  const Image out = scale(image.view(), {33, 14}, Filter::nearest).value();
  for (std::uint32_t y = 0; y < 14; ++y) {
    for (std::uint32_t x = 0; x < 33; ++x) {
      EXPECT_EQ(test::rgb_at(out.view(), x, y), test::rgb_at(image.view(), x / 3, y / 2));
    }
  }
}

TEST(Scale, LanczosKeepsAnEdgeWhereItIs) {
  const Image image =
      test::make_image(8, 8, PixelFormat::rgb24,
                       [](std::uint32_t x, std::uint32_t) { return x < 4 ? 0U : 0xFFFFFFU; });
  const Image out = scale(image.view(), {64, 64}).value();
  EXPECT_LT(test::rgb_at(out.view(), 27, 32) & 0xFF, 40U);
  EXPECT_GT(test::rgb_at(out.view(), 36, 32) & 0xFF, 215U);
}

TEST(Scale, IsTheSameOnEveryTargetAndFromEitherFormat) {
  const Image image = test::make_screen(333, 77, PixelFormat::rgb24, 300, 6, 3);
  const Image other = test::to_format(image.view(), PixelFormat::xrgb8888, 8);
  const CpuTarget before = cpu_target();
  for (const Filter filter : every_filter) {
    for (const Size size : {Size{100, 30}, Size{332, 76}, Size{400, 20}, Size{700, 160}}) {
      use_cpu_target(CpuTarget::scalar).value();
      const auto expected = test::rgb(scale(image.view(), size, filter)->view());
      for (const CpuTarget target : cpu_targets()) {
        use_cpu_target(target).value();
        EXPECT_EQ(test::rgb(scale(image.view(), size, filter)->view()), expected) << name(target);
        EXPECT_EQ(test::rgb(scale(other.view(), size, filter)->view()), expected) << name(target);
      }
    }
  }
  use_cpu_target(before).value();
}

TEST(Scale, TakesTheLongestSides) {
  const Image image = test::make_screen(max_side_px, 3, PixelFormat::rgb24, 300, 7);
  EXPECT_TRUE(scale(image.view(), {1, 1}).ok());
  EXPECT_TRUE(scale(image.view(), {max_side_px - 1, 2}).ok());
  EXPECT_TRUE(scale(flat(0, PixelFormat::rgb24, 1, 1).view(), {3, max_side_px}).ok());
}

TEST(Scale, RefusesWhatIsNotASize) {
  const Image image = flat(0, PixelFormat::rgb24);
  for (const Size size : {Size{0, 1}, Size{1, 0}, Size{max_side_px + 1, 1}}) {
    const Result<Image> out = scale(image.view(), size);
    ASSERT_FALSE(out.ok());
    EXPECT_EQ(out.error().code(), Errc::bad_argument);
  }
  EXPECT_EQ(scale(ImageView{}, {1, 1}).error().code(), Errc::bad_argument);
}

}  // namespace
}  // namespace qmpshot::encode
