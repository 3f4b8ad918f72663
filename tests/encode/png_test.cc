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

}  // namespace
}  // namespace qmpshot::encode
