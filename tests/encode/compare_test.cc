// SPDX-License-Identifier: MIT
#include "encode/compare.h"

#include "tests/support/images.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace qmpshot::encode {
namespace {

constexpr PixelFormat formats[] = {PixelFormat::rgb24, PixelFormat::xrgb8888};

// `image` with the pixels inside `boxes` made different in one bit.
Image with_changes(const ImageView& image, PixelFormat format, const std::vector<Box>& boxes,
                   std::size_t padding_bytes = 0) {
  return test::make_image(
      image.width_px, image.height_px, format,
      [&](std::uint32_t x, std::uint32_t y) {
        std::uint32_t colour = test::rgb_at(image, x, y);
        for (const Box& box : boxes) {
          if (x - box.x_px < box.width_px && y - box.y_px < box.height_px) return colour ^ 0x000100;
        }
        return colour;
      },
      padding_bytes);
}

TEST(Compare, KnowsEqualPicturesInEveryFormatAndStride) {
  const Image image = test::make_screen(101, 33, PixelFormat::rgb24, 200, 1);
  for (const PixelFormat left : formats) {
    for (const PixelFormat right : formats) {
      const Image a = test::to_format(image.view(), left, 4);
      const Image b = test::to_format(image.view(), right, 9);
      EXPECT_TRUE(equal(a.view(), b.view()));
      EXPECT_TRUE(changed_boxes(a.view(), b.view()).empty());
      EXPECT_EQ(changed_share(a.view(), b.view()), 0);
      EXPECT_TRUE(std::isinf(psnr_db(a.view(), b.view())));
      const Image c = with_changes(image.view(), right, {{100, 32, 1, 1}}, 2);
      EXPECT_FALSE(equal(a.view(), c.view()));
      EXPECT_EQ(changed_boxes(a.view(), c.view()), (std::vector<Box>{{96, 32, 5, 1}}));
      EXPECT_DOUBLE_EQ(changed_share(a.view(), c.view()), 1 / (101.0 * 33));
      EXPECT_NEAR(psnr_db(a.view(), c.view()), 10 * std::log10(255.0 * 255 * 3 * 101 * 33), 1e-9);
    }
  }
}

TEST(Compare, DoesNotLookAtTheUnusedByte) {
  std::vector<std::byte> a(4 * 64 * 2), b(4 * 64 * 2);
  for (std::size_t i = 3; i < b.size(); i += 4) b[i] = std::byte{7};
  const ImageView left{a, 64, 2, 256, PixelFormat::xrgb8888};
  const ImageView right{b, 64, 2, 256, PixelFormat::xrgb8888};
  EXPECT_TRUE(equal(left, right));
  EXPECT_EQ(changed_share(left, right), 0);
  EXPECT_TRUE(changed_boxes(left, right).empty());
}

TEST(Compare, DifferentSizesHaveNothingInCommon) {
  const Image a = test::make_screen(20, 10, PixelFormat::rgb24, 5, 1);
  const Image b = test::make_screen(10, 20, PixelFormat::rgb24, 5, 1);
  EXPECT_FALSE(equal(a.view(), b.view()));
  EXPECT_EQ(changed_share(a.view(), b.view()), 1);
  EXPECT_EQ(psnr_db(a.view(), b.view()), 0);
  EXPECT_EQ(changed_boxes(a.view(), b.view()), (std::vector<Box>{{0, 0, 10, 20}}));
  EXPECT_TRUE(equal(ImageView{}, ImageView{}));
}

TEST(Compare, BlackAgainstWhiteIsNoDecibel) {
  const auto flat = [](std::uint32_t colour) {
    return test::make_image(9, 9, PixelFormat::rgb24,
                            [=](std::uint32_t, std::uint32_t) { return colour; });
  };
  EXPECT_DOUBLE_EQ(psnr_db(flat(0).view(), flat(0xFFFFFF).view()), 0);
  EXPECT_NEAR(psnr_db(flat(0x808080).view(), flat(0x818181).view()), 48.1308, 1e-4);
}

TEST(ChangedBoxes, MergesNeighbouringTilesIntoOneBox) {
  const Image a = test::make_screen(320, 200, PixelFormat::rgb24, 9, 1);
  const Image b =
      with_changes(a.view(), PixelFormat::rgb24, {{40, 20, 100, 50}, {300, 190, 20, 10}});
  EXPECT_EQ(changed_boxes(a.view(), b.view()),
            (std::vector<Box>{{32, 16, 112, 64}, {288, 176, 32, 24}}));
}

TEST(ChangedBoxes, HoldEveryChangeInNoMoreBoxesThanAskedFor) {
  std::mt19937 engine(7);
  const auto random = [&] { return static_cast<std::uint32_t>(engine()); };
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t width = 1 + random() % 400;
    const std::uint32_t height = 1 + random() % 300;
    const Image a = test::make_screen(width, height, PixelFormat::xrgb8888, 9, random());
    std::vector<Box> changes;
    for (std::uint32_t n = random() % 60; n > 0; --n) {
      changes.push_back({random() % width, random() % height, 1 + random() % 9, 1 + random() % 9});
    }
    const Image b = with_changes(a.view(), PixelFormat::xrgb8888, changes);
    const std::size_t most = 1 + random() % 20;
    const std::vector<Box> boxes = changed_boxes(a.view(), b.view(), most);
    EXPECT_LE(boxes.size(), most);
    EXPECT_EQ(boxes.empty(), changes.empty());
    std::vector<int> covered(std::size_t{width} * height);
    for (const Box& box : boxes) {
      ASSERT_LE(box.x_px + box.width_px, width);
      ASSERT_LE(box.y_px + box.height_px, height);
      for (std::uint32_t y = box.y_px; y < box.y_px + box.height_px; ++y) {
        for (std::uint32_t x = box.x_px; x < box.x_px + box.width_px; ++x) ++covered[y * width + x];
      }
    }
    for (std::uint32_t y = 0; y < height; ++y) {
      for (std::uint32_t x = 0; x < width; ++x) {
        ASSERT_LE(covered[y * width + x], 1) << "boxes overlap";
        if (test::rgb_at(a.view(), x, y) != test::rgb_at(b.view(), x, y)) {
          ASSERT_EQ(covered[y * width + x], 1) << "a change outside every box";
        }
      }
    }
  }
}

TEST(ChangedShare, CountsPixelsNotBytes) {
  const Image a = test::make_screen(320, 200, PixelFormat::rgb24, 900, 1);
  for (const PixelFormat format : formats) {
    const Image b = with_changes(a.view(), format, {{7, 9, 31, 40}});
    EXPECT_DOUBLE_EQ(changed_share(a.view(), b.view()), 31.0 * 40 / (320.0 * 200));
  }
}

}  // namespace
}  // namespace qmpshot::encode
