// SPDX-License-Identifier: MIT
#include "encode/bmp.h"

#include "encode/ppm.h"
#include "tests/support/bmp_reader.h"
#include "tests/support/images.h"
#include "tests/support/tool.h"

#include <gtest/gtest.h>

namespace qmpshot::encode {
namespace {

std::vector<std::byte> bmp(const ImageView& view) {
  std::vector<std::byte> file;
  encode_bmp(view, file).value();
  return file;
}

// As many colours as asked for, each of them seen.
Image image_of(std::uint32_t colours, PixelFormat format, std::uint32_t width = 37) {
  return test::make_image(
      width, 300 / width + 9, format,
      [&](std::uint32_t x, std::uint32_t y) { return (y * width + x) % colours * 0x030201; }, 5);
}

TEST(Bmp, TakesTheLeastDepthThatHoldsTheColours) {
  for (const auto& [colours, bits] :
       {std::pair{1U, 1U}, {2U, 1U}, {3U, 4U}, {16U, 4U}, {17U, 8U}, {256U, 8U}, {257U, 24U}}) {
    const Image image = image_of(colours, PixelFormat::rgb24);
    const auto file = bmp(image.view());
    EXPECT_EQ(test::bmp_bits(file), bits) << colours;
    EXPECT_TRUE(test::same_picture(test::read_bmp(file).view(), image.view())) << colours;
  }
}

TEST(Bmp, KeepsTheFourBytePixelsOfAFrameBufferButNotTheirUnusedByte) {
  const Image image = image_of(257, PixelFormat::xrgb8888);
  const auto file = bmp(image.view());
  EXPECT_EQ(test::bmp_bits(file), 32U);
  EXPECT_TRUE(test::same_picture(test::read_bmp(file).view(), image.view()));
}

TEST(Bmp, PadsRowsOfEveryWidth) {
  for (std::uint32_t width = 1; width <= 70; ++width) {
    for (const std::uint32_t colours : {2U, 16U, 256U, 257U}) {
      for (const PixelFormat format : {PixelFormat::rgb24, PixelFormat::xrgb8888}) {
        const Image image = image_of(colours, format, width);
        EXPECT_TRUE(test::same_picture(test::read_bmp(bmp(image.view())).view(), image.view()))
            << width << " px, " << colours << " colours";
      }
    }
  }
}

TEST(Bmp, AppendsToWhatIsThere) {
  const Image image = image_of(3, PixelFormat::rgb24);
  auto file = test::bytes("before");
  encode_bmp(image.view(), file).value();
  EXPECT_EQ(test::text(std::span(file).first(6)), "before");
  EXPECT_TRUE(test::same_picture(test::read_bmp(std::span(file).subspan(6)).view(), image.view()));
}

TEST(Bmp, IsReadByNetpbm) {
  if (!test::has_tool("bmptopnm")) GTEST_SKIP() << "netpbm is not installed";
  for (const std::uint32_t colours : {2U, 16U, 256U, 257U}) {
    for (const PixelFormat format : {PixelFormat::rgb24, PixelFormat::xrgb8888}) {
      const Image image = image_of(colours, format);
      const auto ppm = test::run_tool("bmptopnm -quiet {} | ppmtoppm", bmp(image.view()));
      EXPECT_TRUE(test::same_picture(parse_ppm(ppm).value(), image.view())) << colours;
    }
  }
}

}  // namespace
}  // namespace qmpshot::encode
