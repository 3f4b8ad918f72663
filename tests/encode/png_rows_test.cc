// SPDX-License-Identifier: MIT
#include "encode/png_rows.h"

#include "tests/support/frame_maker.h"

#include <gtest/gtest.h>

#include <cstddef>
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

FilterChoice choice_for(const Picture& picture) {
  return {picture.view(), SampleRows::Kind::rgb};
}

// The filter of row y.
std::uint8_t filter_of(const Picture& picture, std::uint32_t y = height_px / 2) {
  const ImageView image = picture.view();  // which `rows` points to
  SampleRows rows(image, SampleRows::Kind::rgb);
  if (y > 0) rows.take(y - 1);
  rows.take(y);
  return choice_for(picture).filter(rows, y);
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

// Gradients below, letters or noise above row `border`.
Picture below(const Picture& upper, std::uint32_t border) {
  return Picture([&](std::uint32_t x, std::uint32_t y, unsigned c) {
    const ImageView view = (y < border ? upper : gradient()).view();
    return std::to_integer<unsigned>(view.row(y)[std::size_t{3} * x + c]);
  });
}

TEST(FilterChoice, TellsGradientsFromLettersAndNoise) {
  EXPECT_TRUE(choice_for(gradient()).is_shaded());
  EXPECT_FALSE(choice_for(gradient()).is_noisy());
  EXPECT_FALSE(choice_for(letters()).is_shaded());
  EXPECT_FALSE(choice_for(letters()).is_noisy());
  EXPECT_TRUE(choice_for(noise()).is_shaded());
  EXPECT_TRUE(choice_for(noise()).is_noisy());
}

TEST(FilterChoice, FiltersGradientsAndNoiseAndNotLetters) {
  EXPECT_NE(filter_of(gradient()), filter_none);
  EXPECT_NE(filter_of(noise()), filter_none);
  EXPECT_EQ(filter_of(letters()), filter_none);
}

TEST(FilterChoice, LeavesGradientsAloneWhereMostIsLetters) {
  const Picture picture = below(letters(), 48);
  EXPECT_FALSE(choice_for(picture).is_shaded());
  EXPECT_EQ(filter_of(picture, 60), filter_none);
}

// Each sixteen by the row in their middle, and what is left over as those before.
TEST(FilterChoice, GivesSixteenRowsOneFilter) {
  Picture picture([](std::uint32_t x, std::uint32_t y, unsigned c) {
    const ImageView view = (y / 16 == 1 || y == 4 ? letters() : gradient()).view();
    return std::to_integer<unsigned>(view.row(y)[std::size_t{3} * x + c]);
  });
  EXPECT_FALSE(choice_for(picture).is_noisy());
  for (const std::uint32_t y : {1U, 4U, 15U, 32U, 47U, 48U, 63U}) {
    EXPECT_NE(filter_of(picture, y), filter_none) << y;
  }
  for (const std::uint32_t y : {16U, 24U, 31U}) EXPECT_EQ(filter_of(picture, y), filter_none) << y;
}

TEST(FilterChoice, GivesTheLastRowsTheFilterBeforeThem) {
  const ImageView image = gradient().view();
  ImageView low = image;
  low.height_px = 24;
  SampleRows rows(low, SampleRows::Kind::rgb);
  rows.take(22);
  rows.take(23);
  EXPECT_NE(FilterChoice(low, SampleRows::Kind::rgb).filter(rows, 23), filter_none);
}

TEST(FilterChoice, GivesEachRowOfANoisyFrameItsOwn) {
  const Picture picture = below(noise(), 40);
  EXPECT_TRUE(choice_for(picture).is_noisy());
  const Picture with_letters([&](std::uint32_t x, std::uint32_t y, unsigned c) {
    const ImageView view = (y < 20 && y >= 17 ? letters() : picture).view();
    return std::to_integer<unsigned>(view.row(y)[std::size_t{3} * x + c]);
  });
  EXPECT_TRUE(choice_for(with_letters).is_noisy());
  EXPECT_NE(filter_of(with_letters, 30), filter_none);
  EXPECT_EQ(filter_of(with_letters, 19), filter_none);
}

TEST(FilterChoice, LeavesTheFirstRowAlone) {
  EXPECT_EQ(filter_of(gradient(), 0), filter_none);
  EXPECT_EQ(filter_of(noise(), 0), filter_none);
}

TEST(FilterChoice, LooksAtLowFramesToo) {
  ImageView low = noise().view();
  low.height_px = 5;
  EXPECT_TRUE(FilterChoice(low, SampleRows::Kind::rgb).is_noisy());
  low.height_px = 1;
  EXPECT_FALSE(FilterChoice(low, SampleRows::Kind::rgb).is_noisy());
}

}  // namespace
}  // namespace qmpshot::encode
