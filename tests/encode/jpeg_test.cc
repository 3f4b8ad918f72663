// SPDX-License-Identifier: MIT
#include "encode/jpeg.h"

#include "encode/compare.h"
#include "encode/png_read.h"
#include "tests/support/bytes.h"
#include "tests/support/images.h"
#include "tests/support/jpeg_reader.h"

#include <gtest/gtest.h>

namespace qmpshot::encode {
namespace {

std::vector<std::byte> jpeg(const ImageView& view, int quality) {
  std::vector<std::byte> file;
  encode_jpeg(view, quality, file).value();
  return file;
}

Image frame(const std::string& name) {
  return read_png(test::read_file(QMPSHOT_TEST_DATA "/frames/" + name + ".png")).value();
}

TEST(Jpeg, ComesBackAsTheSamePictureToTheEye) {
  // What 85 gives, less half a decibel. Halved colour would give 33.5, 43.3 and 41.0.
  for (const auto& [name, least_db] : {std::pair{"desktop-1024x768", 34.7},
                                       {"grub-menu-720x400", 42.8},
                                       {"edk2-shell-1280x800", 49.5}}) {
    const Image image = frame(name);
    const Image back = test::read_jpeg(jpeg(image.view(), 85));
    ASSERT_EQ(back.view().width_px, image.view().width_px);
    ASSERT_EQ(back.view().height_px, image.view().height_px);
    EXPECT_GT(psnr_db(image.view(), back.view()), least_db) << name;
  }
}

TEST(Jpeg, KeepsRedTextOnBlueReadable) {
  const Image image = test::make_image(
      64, 64, PixelFormat::rgb24,
      [](std::uint32_t x, std::uint32_t) { return x % 2 == 0 ? 0xAA0000U : 0x0000AAU; });
  EXPECT_GT(psnr_db(image.view(), test::read_jpeg(jpeg(image.view(), 85)).view()), 30);
}

TEST(Jpeg, IsTheSameFromEitherPixelFormat) {
  const Image image = frame("grub-menu-720x400");
  const Image other = test::to_format(image.view(), PixelFormat::xrgb8888, 12);
  EXPECT_EQ(jpeg(image.view(), 85), jpeg(other.view(), 85));
}

TEST(Jpeg, GrowsWithItsQuality) {
  const Image image = frame("desktop-1024x768");
  std::size_t last = 0;
  for (const int quality : {1, 50, 85, 100}) {
    const std::size_t size = jpeg(image.view(), quality).size();
    EXPECT_GT(size, last) << quality;
    last = size;
  }
}

TEST(Jpeg, AppendsToWhatIsThere) {
  const Image image = frame("desktop-1024x768");  // larger than the first piece of the buffer
  auto file = test::bytes("before");
  encode_jpeg(image.view(), 100, file).value();
  EXPECT_EQ(test::text(std::span(file).first(6)), "before");
  EXPECT_EQ(test::text(std::span(file).subspan(6)), test::text(jpeg(image.view(), 100)));
}

TEST(Jpeg, RefusesAQualityOffTheScale) {
  const auto pixels = test::bytes("abc");
  for (const int quality : {-1, 0, 101}) {
    std::vector<std::byte> file;
    const Result<void> done = encode_jpeg({pixels, 1, 1, 3}, quality, file);
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code(), Errc::bad_argument);
  }
}

TEST(Jpeg, LeavesTheBufferAsItWasWhenItFails) {
  const std::vector<std::byte> pixels(3 * 65501);
  auto file = test::bytes("before");
  const Result<void> done = encode_jpeg({pixels, 65501, 1, pixels.size()}, 85, file);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code(), Errc::bad_argument);
  EXPECT_EQ(done.error().message(),
            "writing a JPEG: Maximum supported image dimension is 65500 pixels");
  EXPECT_EQ(test::text(file), "before");
}

}  // namespace
}  // namespace qmpshot::encode
