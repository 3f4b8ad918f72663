// SPDX-License-Identifier: MIT
#include "encode/encoder.h"

#include "tests/support/bytes.h"

#include <gtest/gtest.h>

namespace qmpshot::encode {
namespace {

TEST(EncoderTable, FindsAFormatByNameAndByExtension) {
  EXPECT_EQ(find_encoder("ppm")->content_type, "image/x-portable-pixmap");
  EXPECT_EQ(find_encoder_for_path("a/b.c/console.PNG")->name, "png");
  EXPECT_EQ(find_encoder_for_path("console.jpg")->name, "jpeg");
  EXPECT_EQ(find_encoder_for_path("console.bmp")->content_type, "image/bmp");
  EXPECT_EQ(find_encoder_for_path("console.qoi")->name, "qoi");
  EXPECT_EQ(find_encoder("tiff"), nullptr);
  EXPECT_EQ(find_encoder_for_path("a.png/console"), nullptr);
  EXPECT_EQ(find_encoder_for_path("console"), nullptr);
}

TEST(EncoderTable, StartsWithTheDefault) {
  EXPECT_EQ(encoders().front().name, "png");
}

TEST(EncoderTable, NullWritesNothing) {
  const auto pixels = test::bytes("abc");
  EXPECT_TRUE(encode(*find_encoder("null"), {pixels, 1, 1, 3, PixelFormat::rgb24})->empty());
}

TEST(EncoderTable, RefusesAnEmptyImage) {
  for (const Encoder& encoder : encoders()) {
    EXPECT_EQ(encode(encoder, ImageView{}).error().code(), Errc::bad_argument) << encoder.name;
  }
}

}  // namespace
}  // namespace qmpshot::encode
