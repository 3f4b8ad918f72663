// SPDX-License-Identifier: MIT
#include "encode/png.h"

#include "encode/png_read.h"
#include "tests/support/bytes.h"

#include <gtest/gtest.h>

namespace qmpshot::encode {
namespace {

TEST(Png, DecodesToThePixelsItWasMadeFrom) {
  const auto pixels = test::bytes("abcdefghijklmnopqr");
  const ImageView view{pixels, 3, 2, 9, PixelFormat::rgb24};
  std::vector<std::byte> file;
  encode_png(view, {}, file).value();
  const Image back = read_png(file).value();
  EXPECT_EQ(back.view().width_px, 3U);
  EXPECT_EQ(back.view().height_px, 2U);
  EXPECT_EQ(test::text(back.view().pixels), test::text(pixels));
}

TEST(Png, TurnsXrgbIntoRgb) {
  const auto pixels = test::bytes("bgrXBGRX");
  std::vector<std::byte> file;
  encode_png({pixels, 2, 1, 8, PixelFormat::xrgb8888}, {}, file).value();
  EXPECT_EQ(test::text(read_png(file)->view().pixels), "rgbRGB");
}

TEST(Png, ReadsEveryFrameOfTheCollection) {
  const auto file = test::read_file(QMPSHOT_TEST_DATA "/frames/grub-menu-720x400.png");
  const Image image = read_png(file).value();
  EXPECT_EQ(image.view().width_px, 720U);
  EXPECT_EQ(image.view().height_px, 400U);
}

TEST(Png, RefusesAFileCutAnywhere) {
  const auto file = test::read_file(QMPSHOT_TEST_DATA "/frames/grub-menu-720x400.png");
  for (std::size_t size = 0; size < file.size(); size += 97) {
    const Result<Image> result = read_png(std::span(file).first(size));
    ASSERT_FALSE(result.ok()) << size;
    EXPECT_EQ(result.error().code(), Errc::bad_image);
  }
}

}  // namespace
}  // namespace qmpshot::encode
