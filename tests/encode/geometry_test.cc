// SPDX-License-Identifier: MIT
#include "encode/geometry.h"

#include "tests/support/images.h"

#include <gtest/gtest.h>

namespace qmpshot::encode {
namespace {

TEST(Geometry, ReadsSizesAndBoxes) {
  EXPECT_EQ(*parse_size("640x480"), (Size{640, 480}));
  EXPECT_EQ(*parse_box("320x200+0+100"), (Box{0, 100, 320, 200}));
  EXPECT_EQ(*parse_box("1x4294967295+4294967295+7"), (Box{4294967295, 7, 1, 4294967295}));
}

TEST(Geometry, RefusesWhatIsNotExactlyASize) {
  for (const char* bad : {"", "x", "640", "640x", "x480", "0x480", "640x0", "640x480 ", " 640x480",
                          "640X480", "-640x480", "+640x480", "640x+480", "640x480+0+0",
                          "4294967296x1", "1x99999999999999999999", "1.5x2"}) {
    const Result<Size> size = parse_size(bad);
    ASSERT_FALSE(size.ok()) << bad;
    EXPECT_EQ(size.error().code(), Errc::bad_argument);
  }
}

TEST(Geometry, RefusesWhatIsNotExactlyABox) {
  for (const char* bad :
       {"", "640x480", "640x480+", "640x480+1", "640x480+1+", "640x480+1+2+", "640x480-1+2",
        "640x480+-1+2", "640x480+1+2 ", "0x1+0+0", "1x0+0+0", "1x1+4294967296+0"}) {
    const Result<Box> box = parse_box(bad);
    ASSERT_FALSE(box.ok()) << bad;
    EXPECT_EQ(box.error().code(), Errc::bad_argument);
  }
  EXPECT_EQ(parse_box("640x480").error().message(),
            "reading the box \"640x480\": it is not WxH+X+Y, such as 320x200+0+100");
}

TEST(Crop, BorrowsThePartWithoutACopy) {
  const Image image = test::make_screen(20, 10, PixelFormat::xrgb8888, 50, 1, 8);
  const ImageView part = crop(image.view(), {3, 4, 5, 6}).value();
  EXPECT_EQ(part.pixels.data(), image.view().row(4).data() + 12);
  EXPECT_EQ(part.width_px, 5U);
  EXPECT_EQ(part.height_px, 6U);
  for (std::uint32_t y = 0; y < 6; ++y) {
    for (std::uint32_t x = 0; x < 5; ++x) {
      EXPECT_EQ(test::rgb_at(part, x, y), test::rgb_at(image.view(), x + 3, y + 4));
    }
  }
}

TEST(Crop, CutsOffWhatReachesOverTheEdge) {
  const Image image = test::make_screen(20, 10, PixelFormat::rgb24, 50, 1);
  const ImageView part = crop(image.view(), {19, 9, 4294967295, 100}).value();
  EXPECT_EQ(part.width_px, 1U);
  EXPECT_EQ(part.height_px, 1U);
  EXPECT_EQ(part.pixels.size(), 3U);
  EXPECT_EQ(test::rgb_at(part, 0, 0), test::rgb_at(image.view(), 19, 9));
}

TEST(Crop, RefusesABoxOutsideTheImage) {
  const Image image = test::make_screen(20, 10, PixelFormat::rgb24, 50, 1);
  for (const Box& box : {Box{20, 0, 1, 1}, Box{0, 10, 1, 1}, Box{0, 0, 0, 1}, Box{0, 0, 1, 0}}) {
    const Result<ImageView> part = crop(image.view(), box);
    ASSERT_FALSE(part.ok());
    EXPECT_EQ(part.error().code(), Errc::bad_argument);
  }
  EXPECT_EQ(crop(image.view(), {20, 0, 1, 1}).error().message(),
            "cropping to 1x1+20+0: the image ends at 20x10");
}

TEST(FitWithin, KeepsTheShapeAndNeverEnlarges) {
  EXPECT_EQ(fit_within({1920, 1080}, 480), (Size{480, 270}));
  EXPECT_EQ(fit_within({1080, 1920}, 480), (Size{270, 480}));
  EXPECT_EQ(fit_within({720, 400}, 256), (Size{256, 142}));
  EXPECT_EQ(fit_within({720, 400}, 720), (Size{720, 400}));
  EXPECT_EQ(fit_within({720, 400}, 5000), (Size{720, 400}));
  EXPECT_EQ(fit_within({16384, 1}, 16), (Size{16, 1}));
}

}  // namespace
}  // namespace qmpshot::encode
