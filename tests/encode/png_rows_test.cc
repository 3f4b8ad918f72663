// SPDX-License-Identifier: MIT
#include "encode/png_rows.h"

#include "tests/support/frame_maker.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace qmpshot::encode {
namespace {

constexpr std::uint32_t width_px = 640;
constexpr std::uint32_t height_px = 64;

// A picture by what each byte of a pixel is.
class Picture {
 public:
  explicit Picture(
      const std::function<unsigned(std::uint32_t x, std::uint32_t y, unsigned channel)>& level) {
    for (std::uint32_t y = 0; y < height_px; ++y) {
      for (std::uint32_t x = 0; x < width_px; ++x) {
        for (unsigned c = 0; c < 3; ++c) bytes_.push_back(static_cast<std::byte>(level(x, y, c)));
      }
    }
  }

  [[nodiscard]] ImageView view() const {
    return {bytes_, width_px, height_px, std::size_t{3} * width_px, PixelFormat::rgb24};
  }

 private:
  std::vector<std::byte> bytes_;
};

Character seen(const Picture& picture) {
  return character(picture.view(), SampleRows::Kind::rgb);
}

// The filter of a row in the middle.
std::uint8_t filter_of(const Picture& picture, bool in_shaded) {
  constexpr std::uint32_t y = height_px / 2;
  const ImageView image = picture.view();  // which `rows` points to
  SampleRows rows(image, SampleRows::Kind::rgb);
  rows.take(y - 1);
  rows.take(y);
  return quick_filter(rows, y, in_shaded);
}

// As a wallpaper: levels that rise slowly along and across.
const Picture& gradient() {
  static const Picture picture(
      [](std::uint32_t x, std::uint32_t y, unsigned c) { return (x + 13 * y + 20 * c) / 50; });
  return picture;
}

// Black on white, strokes that are five rows high.
const Picture& letters() {
  static const Picture picture([](std::uint32_t x, std::uint32_t y, unsigned) {
    return x % 64 < 40 && (x * 2654435761U ^ y / 5 * 40503U) >> 7U & 1U ? 0U : 255U;
  });
  return picture;
}

const Picture& noise() {
  static const Picture picture(
      [random = test::SplitMix(2)](std::uint32_t x, std::uint32_t, unsigned) mutable {
        return 100 + x / 16 + random.below(16);
      });
  return picture;
}

TEST(Character, TellsGradientsFromLettersAndNoise) {
  EXPECT_TRUE(seen(gradient()).is_shaded);
  EXPECT_FALSE(seen(gradient()).is_noisy);
  EXPECT_FALSE(seen(letters()).is_shaded);
  EXPECT_FALSE(seen(letters()).is_noisy);
  EXPECT_TRUE(seen(noise()).is_shaded);
  EXPECT_TRUE(seen(noise()).is_noisy);
}

TEST(Character, OfTooFewRowsIsNone) {
  ImageView low = gradient().view();
  low.height_px = 8;
  EXPECT_FALSE(character(low, SampleRows::Kind::rgb).is_shaded);
  EXPECT_FALSE(character(low, SampleRows::Kind::rgb).is_noisy);
}

TEST(QuickFilter, LeavesGradientsAloneButInAShadedFrame) {
  EXPECT_EQ(filter_of(gradient(), false), filter_none);
  EXPECT_NE(filter_of(gradient(), true), filter_none);
}

TEST(QuickFilter, LeavesLettersAlone) {
  EXPECT_EQ(filter_of(letters(), false), filter_none);
  EXPECT_EQ(filter_of(letters(), true), filter_none);
}

TEST(QuickFilter, FiltersNoiseEverywhere) {
  EXPECT_NE(filter_of(noise(), false), filter_none);
  EXPECT_NE(filter_of(noise(), true), filter_none);
}

}  // namespace
}  // namespace qmpshot::encode
