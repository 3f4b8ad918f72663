// SPDX-License-Identifier: MIT
#include "encode/encoder.h"

#include "encode/compare.h"
#include "encode/content.h"
#include "encode/png_read.h"
#include "encode/scale.h"
#include "encode/warm_up.h"
#include "tests/support/bytes.h"

#include <gtest/gtest.h>

#include <new>

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

TEST(WarmUp, ChangesNoFile) {
  const auto png = test::read_file(QMPSHOT_TEST_DATA "/frames/grub-menu-720x400.png");
  const Image frame = read_png(png).value();
  for (const Encoder& encoder : encoders()) {
    const auto before = encode(encoder, frame.view());
    warm_up(encoder, {});
    const auto after = encode(encoder, frame.view());
    ASSERT_TRUE(before.ok() && after.ok()) << encoder.name;
    EXPECT_EQ(*before, *after) << encoder.name;
  }
}

int calls = 0;

TEST(WarmUp, EncodesWithTheOptionsOfThePictureToCome) {
  calls = 0;
  const Encoder counting = {"counting",
                            "",
                            {},
                            [](const ImageView& image, const EncodeOptions& how,
                               std::vector<std::byte>&) -> Result<void> {
                              if (how.small && !image.pixels.empty()) ++calls;
                              return {};
                            }};
  EncodeOptions options;
  options.small = true;
  warm_up(counting, options);
  EXPECT_GE(calls, 2);
}

TEST(WarmUp, LeavesFailuresToThePictureToCome) {
  calls = 0;
  const Encoder refusing = {
      "refusing",
      "",
      {},
      [](const ImageView&, const EncodeOptions&, std::vector<std::byte>&) -> Result<void> {
        ++calls;
        return Error(Errc::bad_argument, "refused");
      }};
  warm_up(refusing, {});
  const Encoder throwing = {
      "throwing",
      "",
      {},
      [](const ImageView&, const EncodeOptions&, std::vector<std::byte>&) -> Result<void> {
        ++calls;
        throw std::bad_alloc();
      }};
  warm_up(throwing, {});
  EXPECT_GE(calls, 2);
}

// Each breaks one of ImageView's promises.
TEST(EncoderTable, RefusesAnImageThatIsNotWhole) {
  const auto pixels = test::bytes("abcdefghijkl");
  constexpr std::size_t huge = static_cast<std::size_t>(-1) / 2 + 1;  // 2 * huge == 0
  for (const ImageView& image : {ImageView{pixels, 2, 3, 6, PixelFormat::rgb24},
                                 ImageView{pixels, 0, 2, 6, PixelFormat::rgb24},
                                 ImageView{pixels, 2, 0, 6, PixelFormat::rgb24},
                                 ImageView{pixels, 2, 2, 5, PixelFormat::rgb24},
                                 ImageView{pixels, 2, 2, 7, PixelFormat::rgb24},
                                 ImageView{pixels, 1, 3, huge, PixelFormat::rgb24},
                                 ImageView{pixels, 2, 2, 6, PixelFormat::xrgb8888}}) {
    EXPECT_FALSE(is_whole(image));
    for (const Encoder& encoder : encoders()) {
      EXPECT_EQ(encode(encoder, image).error().code(), Errc::bad_argument) << encoder.name;
    }
    EXPECT_FALSE(scale(image, {1, 1}).ok());
    EXPECT_FALSE(crop(image, {0, 0, 1, 1}).ok());
    EXPECT_FALSE(equal(image, image));
    EXPECT_EQ(classify(image), Content::blank);
    content_hash(image);
  }
  EXPECT_TRUE(is_whole({pixels, 2, 2, 6, PixelFormat::rgb24}));
}

TEST(EncoderTable, SaysWhenMemoryRanOut) {
  const auto pixels = test::bytes("abc");
  const Encoder greedy = {"greedy",
                          "",
                          {},
                          [](const ImageView&, const EncodeOptions&,
                             std::vector<std::byte>&) -> Result<void> { throw std::bad_alloc(); }};
  const auto result = encode(greedy, {pixels, 1, 1, 3, PixelFormat::rgb24});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::cannot_write);
  EXPECT_EQ(result.error().message(), "encoding as greedy: out of memory");
}

}  // namespace
}  // namespace qmpshot::encode
