// SPDX-License-Identifier: MIT
#include "encode/ppm.h"

#include "tests/support/bytes.h"

#include <gtest/gtest.h>

namespace qmpshot::encode {
namespace {

using test::bytes;
using test::text;

TEST(Ppm, BorrowsThePixelsOfAWholeFile) {
  const auto file = bytes("P6\n2 1\n255\nabcdef");
  const ImageView view = parse_ppm(file).value();
  EXPECT_EQ(view.width_px, 2U);
  EXPECT_EQ(view.height_px, 1U);
  EXPECT_EQ(view.stride_bytes, 6U);
  EXPECT_EQ(view.pixels.data(), file.data() + 11);
  EXPECT_EQ(text(view.row(0)), "abcdef");
}

// As QEMU writes them.
TEST(Ppm, TakesRowsThatArePaddedToFourBytes) {
  const auto file = bytes("P6\n2 2\n255\nabcdef--ghijkl--");
  const ImageView view = parse_ppm(file).value();
  EXPECT_EQ(view.stride_bytes, 8U);
  EXPECT_EQ(text(view.row(0)), "abcdef");
  EXPECT_EQ(text(view.row(1)), "ghijkl");
  std::vector<std::byte> out;
  encode_ppm(view, out).value();
  EXPECT_EQ(text(out), "P6\n2 2\n255\nabcdefghijkl");
}

TEST(Ppm, SkipsCommentsInTheHeader) {
  EXPECT_TRUE(parse_ppm(bytes("P6 # made by hand\n1 # wide\n1\n255\nabc")).ok());
}

TEST(Ppm, RefusesWhatIsNotExactlyOneFile) {
  for (const char* bad : {
           "",
           "P",
           "P6",
           "P6\n",
           "P6\n1",
           "P6\n1 1\n255",
           "P5\n1 1\n255\nabc",
           "P61 1\n255\nabc",
           "P6\n1 1\n255\nab",
           "P6\n1 1\n255\nabcde",
           "P6\n0 1\n255\n",
           "P6\n1 0\n255\n",
           "P6\n-1 1\n255\nabc",
           "P6\n1 1\n65535\nabcabc",
           "P6\n1 1\n254\nabc",
           "P6\n16385 1\n255\nabc",
           "P6\n4294967297 1\n255\nabc",
           "P6 #",
           "P6\n1 1\n255#\nabc",
       }) {
    const Result<ImageView> result = parse_ppm(bytes(bad));
    ASSERT_FALSE(result.ok()) << bad;
    EXPECT_EQ(result.error().code(), Errc::bad_image) << bad;
  }
}

TEST(Ppm, SaysHowManyBytesAreMissing) {
  EXPECT_EQ(parse_ppm(bytes("P6\n2 2\n255\nabc")).error().message(),
            "reading a PPM: its header promises 23 bytes, there are 14");
}

TEST(Ppm, WritesWhatItReads) {
  const auto file = bytes("P6\n2 2\n255\nabcdefghijkl");
  std::vector<std::byte> out;
  encode_ppm(parse_ppm(file).value(), out).value();
  EXPECT_EQ(text(out), text(file));
}

TEST(Ppm, TurnsXrgbIntoRgb) {
  const auto pixels = bytes("bgrXBGRX----");
  std::vector<std::byte> out;
  encode_ppm({pixels, 2, 1, 12, PixelFormat::xrgb8888}, out).value();
  EXPECT_EQ(text(out), "P6\n2 1\n255\nrgbRGB");
}

}  // namespace
}  // namespace qmpshot::encode
