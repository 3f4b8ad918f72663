// SPDX-License-Identifier: MIT
#include "encode/content.h"

#include "encode/png_read.h"
#include "tests/support/bytes.h"
#include "tests/support/images.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace qmpshot::test {
namespace {

using encode::classify;
using encode::content_hash;

// A placeholder of QEMU's as it was seen at 640x480, and one like it at any size: QEMU centres its
// text in cells of 8x16 and cuts off what does not fit.
//   source  QEMU ui/console.c:qemu_create_placeholder_surface
class Seen {
 public:
  Seen(const std::string& file, int length)
      : image_(encode::read_png(read_file(std::string(QMPSHOT_TEST_DATA) + "/frames/" + file))
                   .value()),
        length_(length) {}

  [[nodiscard]] const ImageView& view() const { return image_.view(); }

  [[nodiscard]] Image at_size(std::uint32_t width_px, std::uint32_t height_px, PixelFormat format,
                              std::size_t padding_bytes = 0) const {
    const int move_x = left(static_cast<int>(width_px)) - left(640);
    const int move_y = top(static_cast<int>(height_px)) - top(480);
    const auto colour = [&](std::uint32_t x, std::uint32_t y) -> std::uint32_t {
      const int from_x = static_cast<int>(x) - move_x, from_y = static_cast<int>(y) - move_y;
      if (from_x < 0 || from_y < 0 || from_x >= 640 || from_y >= 480) return 0;
      return rgb_at(view(), static_cast<std::uint32_t>(from_x), static_cast<std::uint32_t>(from_y));
    };
    return make_image(width_px, height_px, format, colour, padding_bytes);
  }

 private:
  [[nodiscard]] int left(int width_px) const { return (width_px / 8 - length_) / 2 * 8; }
  [[nodiscard]] static int top(int height_px) { return (height_px / 16 - 1) / 2 * 16; }

  Image image_;
  int length_;
};

const Seen& not_initialized() {
  static const Seen seen("placeholder-not-initialized-640x480.png", 44);
  return seen;
}

const Seen& not_active() {
  static const Seen seen("placeholder-output-not-active-640x480.png", 29);
  return seen;
}

Image with_pixel(const Image& image, std::uint32_t x, std::uint32_t y, std::uint32_t colour) {
  const ImageView& view = image.view();
  return make_image(view.width_px, view.height_px, view.format,
                    [&](std::uint32_t at_x, std::uint32_t at_y) {
                      return at_x == x && at_y == y ? colour : rgb_at(view, at_x, at_y);
                    });
}

TEST(Content, PlaceholdersAreRecognisedAsQemuDrewThem) {
  EXPECT_EQ(classify(not_initialized().view()), Content::not_initialized);
  EXPECT_EQ(classify(not_active().view()), Content::not_active);
}

TEST(Content, PlaceholdersAreRecognisedAtAnySize) {
  const std::pair<std::uint32_t, std::uint32_t> sizes[] = {
      {320, 200},  {360, 16},   {641, 479},  {647, 495},   {720, 400},   {800, 600},
      {1024, 768}, {1280, 800}, {1366, 768}, {1920, 1080}, {3840, 2160},
  };
  for (const auto& [width, height] : sizes) {
    for (const PixelFormat format : {PixelFormat::rgb24, PixelFormat::xrgb8888}) {
      const std::string size = std::to_string(width) + "x" + std::to_string(height);
      const Image first = not_initialized().at_size(width, height, format, 5);
      const Image second = not_active().at_size(width, height, format, 5);
      EXPECT_EQ(classify(first.view()), Content::not_initialized) << size;
      EXPECT_EQ(classify(second.view()), Content::not_active) << size;
    }
  }
}

TEST(Content, ASurfaceNarrowerThanTheTextShowsItsMiddle) {
  for (const std::uint32_t width : {16U, 64U, 100U, 200U, 231U, 232U, 240U, 351U, 352U}) {
    const Image first = not_initialized().at_size(width, 120, PixelFormat::rgb24);
    const Image second = not_active().at_size(width, 120, PixelFormat::xrgb8888);
    EXPECT_EQ(classify(first.view()), Content::not_initialized) << width;
    EXPECT_EQ(classify(second.view()), Content::not_active) << width;
  }
}

TEST(Content, ASurfaceLowerThanTheTextShowsItsTop) {
  for (const std::uint32_t height : {8U, 12U, 15U}) {
    const Image image = not_active().at_size(640, height, PixelFormat::rgb24);
    EXPECT_EQ(classify(image.view()), Content::not_active) << height;
  }
}

TEST(Content, OneOtherPixelMakesItAPicture) {
  const Image image = not_initialized().at_size(640, 480, PixelFormat::rgb24);
  for (const auto& [x, y] : {std::pair{0U, 0U}, {639U, 479U}, {320U, 232U}, {0U, 230U}}) {
    const std::uint32_t other = rgb_at(image.view(), x, y) ^ 1U;
    EXPECT_EQ(classify(with_pixel(image, x, y, other).view()), Content::picture) << x << " " << y;
  }
}

TEST(Content, ATextThatStandsElsewhereIsAPicture) {
  const Image image = not_initialized().at_size(640, 480, PixelFormat::rgb24);
  const Image moved =
      make_image(640, 480, PixelFormat::rgb24, [&](std::uint32_t x, std::uint32_t y) {
        return x == 0 ? 0 : rgb_at(image.view(), x - 1, y);
      });
  EXPECT_EQ(classify(moved.view()), Content::picture);
}

TEST(Content, OneColourIsBlank) {
  for (const std::uint32_t colour : {0x000000U, 0xFFFFFFU, 0x0000AAU, 0x010203U}) {
    for (const PixelFormat format : {PixelFormat::rgb24, PixelFormat::xrgb8888}) {
      for (const auto& [width, height] :
           {std::pair{1U, 1U}, {1U, 9U}, {9U, 1U}, {17U, 3U}, {720U, 400U}}) {
        const auto all = [&](std::uint32_t, std::uint32_t) { return colour; };
        EXPECT_EQ(classify(make_image(width, height, format, all, 7).view()), Content::blank);
      }
    }
  }
}

TEST(Content, NothingIsBlank) {
  EXPECT_EQ(classify(ImageView()), Content::blank);
}

TEST(Content, OnePixelIsNotBlank) {
  const Image black = make_image(720, 400, PixelFormat::rgb24, [](auto, auto) { return 0U; });
  for (const auto& [x, y] : {std::pair{0U, 0U}, {719U, 0U}, {0U, 399U}, {719U, 399U}, {9U, 9U}}) {
    EXPECT_EQ(classify(with_pixel(black, x, y, 1).view()), Content::picture) << x << " " << y;
  }
}

// What stands in the fourth byte is not drawn.
TEST(Content, TheUnusedByteIsNoColour) {
  std::vector<std::byte> pixels(std::size_t{64} * 64 * 4);
  for (std::size_t i = 3; i < pixels.size(); i += 4) pixels[i] = static_cast<std::byte>(i);
  const ImageView view{pixels, 64, 64, 64 * 4, PixelFormat::xrgb8888};
  EXPECT_EQ(classify(view), Content::blank);
}

TEST(Content, TheGuestsOwnPicturesArePictures) {
  for (const char* file : {"seabios-text-720x400.png", "grub-menu-720x400.png",
                           "linux-panic-text-720x400.png", "desktop-1024x768.png"}) {
    const auto png = read_file(std::string(QMPSHOT_TEST_DATA) + "/frames/" + file);
    EXPECT_EQ(classify(encode::read_png(png).value().view()), Content::picture) << file;
  }
}

TEST(ContentHash, IsOfThePixelsOnly) {
  const Image image = make_screen(101, 37, PixelFormat::rgb24, 9, 1);
  const std::string hash = content_hash(image.view());
  EXPECT_TRUE(hash.starts_with("xxh128:")) << hash;
  EXPECT_EQ(hash.size(), 7U + 32U);
  EXPECT_EQ(content_hash(to_format(image.view(), PixelFormat::xrgb8888).view()), hash);
  EXPECT_EQ(content_hash(to_format(image.view(), PixelFormat::rgb24, 11).view()), hash);
  EXPECT_EQ(content_hash(to_format(image.view(), PixelFormat::xrgb8888, 12).view()), hash);
  EXPECT_NE(content_hash(with_pixel(image, 100, 36, 0x123456).view()), hash);
}

TEST(ContentHash, DiffersWithTheSize) {
  const auto black = [](auto, auto) { return 0U; };
  EXPECT_NE(content_hash(make_image(4, 6, PixelFormat::rgb24, black).view()),
            content_hash(make_image(6, 4, PixelFormat::rgb24, black).view()));
}

}  // namespace
}  // namespace qmpshot::test
