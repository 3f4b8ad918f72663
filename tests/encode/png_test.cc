// SPDX-License-Identifier: MIT
#include "encode/png.h"

#include "encode/png_read.h"
#include "tests/support/bytes.h"
#include "tests/support/fleeting_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

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

TEST(Png, IsTheSameFromRows) {
  for (const char* name : {"edk2-shell-1280x800", "grub-menu-720x400", "linux-fbcon-bochs-1280x800",
                           "placeholder-not-initialized-640x480", "seabios-text-720x400"}) {
    const auto frame = test::read_file(QMPSHOT_TEST_DATA "/frames/" + std::string(name) + ".png");
    const Image image = read_png(frame).value();
    std::vector<std::byte> whole;
    encode_png(image.view(), {}, whole).value();
    test::FleetingRows rows(image.view());
    std::vector<std::byte> by_rows;
    ASSERT_TRUE(encode_console_png(rows, {}, by_rows).value()) << name;
    EXPECT_TRUE(whole == by_rows) << name;
  }
}

// A few colours until a row that no sample looks at; then so many.
std::vector<std::byte> with_colours(std::uint32_t count, std::uint32_t width_px,
                                    std::uint32_t height_px) {
  std::vector<std::byte> pixels;
  for (std::uint32_t i = 0; i < width_px * height_px; ++i) {
    const bool is_late = i / width_px == height_px - 1;
    const std::uint32_t colour = is_late ? i % count : i / 8 % std::min(count, 2U);
    pixels.insert(pixels.end(), {static_cast<std::byte>(colour), std::byte{7}, std::byte{9}});
  }
  return pixels;
}

TEST(Png, IsMadeFromRowsUpToSixteenColours) {
  constexpr std::uint32_t width_px = 301, height_px = 60;
  for (const std::uint32_t colours : {1U, 2U, 3U, 5U, 16U, 17U, 250U}) {
    const std::vector<std::byte> pixels = with_colours(colours, width_px, height_px);
    const ImageView view{pixels, width_px, height_px, width_px * 3, PixelFormat::rgb24};
    test::FleetingRows rows(view);
    std::vector<std::byte> file = test::bytes("before");
    ASSERT_EQ(encode_console_png(rows, {}, file).value(), colours <= 16) << colours;
    if (colours > 16) {
      EXPECT_EQ(test::text(file), "before");
      continue;
    }
    std::vector<std::byte> whole = test::bytes("before");
    encode_png(view, {}, whole).value();
    EXPECT_TRUE(file == whole) << colours;
  }
}

// Rows that are still coming, so many of them; remembers which were asked for.
class ComingRows final : public RowSource {
 public:
  ComingRows(const ImageView& image, std::uint32_t count)
      : RowSource(image.width_px, image.height_px, image.format), image_(image), count_(count) {}
  std::span<const std::byte> row(std::uint32_t y) override {
    asked.push_back(y);
    return y < count_ ? image_.row(y) : std::span<const std::byte>();
  }
  [[nodiscard]] bool is_coming() const noexcept override { return true; }
  std::vector<std::uint32_t> asked;

 private:
  ImageView image_;
  std::uint32_t count_;
};

TEST(Png, AsksForTheLowerHalfOfWhatComesFromTopToBottom) {
  for (const std::uint32_t height_px : {1U, 2U, 15U, 16U, 17U, 47U, 48U, 400U, 768U}) {
    const std::vector<std::byte> pixels = with_colours(2, 30, height_px);
    ComingRows rows({pixels, 30, height_px, 90, PixelFormat::rgb24}, height_px);
    std::vector<std::byte> file;
    ASSERT_TRUE(encode_console_png(rows, {}, file).value());
    ASSERT_GT(rows.asked.size(), height_px);
    const std::size_t sampled = rows.asked.size() - height_px;
    for (std::size_t i = 0; i < sampled; ++i) {
      EXPECT_EQ(rows.asked[i], std::min(height_px, 16U) / 2 + 16 * i) << height_px;
    }
    EXPECT_LE(rows.asked[sampled - 1], height_px / 2);
    EXPECT_GE(rows.asked[sampled - 1] + 16, height_px / 2);
    for (std::uint32_t y = 0; y < height_px; ++y) {
      ASSERT_EQ(rows.asked[sampled + y], y) << height_px;
    }
  }
}

TEST(Png, EndsWithTheFirstRowThatDoesNotCome) {
  constexpr std::uint32_t width_px = 30, height_px = 100;
  for (const std::uint32_t colours : {1U, 2U, 5U}) {
    const std::vector<std::byte> pixels = with_colours(colours, width_px, height_px);
    for (std::uint32_t count = 0; count < height_px; ++count) {
      ComingRows rows({pixels, width_px, height_px, 3 * width_px, PixelFormat::rgb24}, count);
      std::vector<std::byte> file = test::bytes("before");
      EXPECT_FALSE(encode_console_png(rows, {}, file).value()) << count;
      EXPECT_EQ(test::text(file), "before");
      EXPECT_GE(rows.asked.back(), count);
      EXPECT_EQ(std::ranges::count_if(rows.asked, [&](auto y) { return y >= count; }), 1);
    }
  }
}

// Two colours, below the middle so many.
std::vector<std::byte> with_colours_below(std::uint32_t count, std::uint32_t width_px,
                                          std::uint32_t height_px) {
  std::vector<std::byte> pixels;
  for (std::uint32_t i = 0; i < width_px * height_px; ++i) {
    const bool is_below = i / width_px > height_px / 2;
    const std::uint32_t colour = (i * 2654435761U >> 20U) % (is_below ? count : 2);
    pixels.insert(pixels.end(),
                  {static_cast<std::byte>(colour), static_cast<std::byte>(7 + colour / 256), {}});
  }
  return pixels;
}

TEST(Png, IsTheSameOnAllThreadsAndFromRowsWhereTheLowerHalfHasMoreColours) {
  constexpr std::uint32_t width_px = 1600, height_px = 1000;
  for (const std::uint32_t colours : {2U, 3U, 16U, 17U, 250U, 300U}) {
    const std::vector<std::byte> pixels = with_colours_below(colours, width_px, height_px);
    const ImageView view{pixels, width_px, height_px, width_px * 3, PixelFormat::rgb24};
    EncodeOptions options;
    options.threads = 1;
    std::vector<std::byte> by_one;
    encode_png(view, options, by_one).value();
    options.threads = 3;
    std::vector<std::byte> by_three;
    encode_png(view, options, by_three).value();
    EXPECT_TRUE(by_one == by_three) << colours;
    EXPECT_TRUE(test::text(read_png(by_one)->view().pixels) == test::text(pixels)) << colours;
    ImageRows rows(view);
    std::vector<std::byte> by_rows;
    ASSERT_EQ(encode_console_png(rows, {}, by_rows).value(), colours <= 16) << colours;
    ComingRows coming(view, height_px);
    std::vector<std::byte> by_coming;
    ASSERT_EQ(encode_console_png(coming, {}, by_coming).value(), colours <= 16) << colours;
    if (colours <= 16) {
      EXPECT_TRUE(by_one == by_rows) << colours;
      EXPECT_TRUE(by_one == by_coming) << colours;
    }
  }
}

// Of what is there, so that nobody waits for it.
TEST(Png, IsSoonNoConsoleWhoseLowerHalfIsNone) {
  const std::vector<std::byte> pixels = with_colours_below(300, 320, 400);
  test::FleetingRows rows({pixels, 320, 400, 960, PixelFormat::rgb24});
  std::vector<std::byte> file;
  EXPECT_FALSE(encode_console_png(rows, {}, file).value());
  EXPECT_LE(rows.calls(), 25U);
}

TEST(Png, RowsOfAConsoleMayHaveTextThatPngCannotHold) {
  const std::vector<std::byte> pixels = with_colours(2, 10, 10);
  ImageRows rows({pixels, 10, 10, 30, PixelFormat::rgb24});
  EncodeOptions options;
  options.title = "\x01";
  std::vector<std::byte> file;
  EXPECT_EQ(encode_console_png(rows, options, file).error().code(), Errc::bad_argument);
  EXPECT_TRUE(file.empty());
}

// The eight of the collection, to a thousandth: a change that makes them larger is to be seen.
TEST(Png, KeepsConsolesAsSmallAsTheyWere) {
  std::size_t bytes = 0;
  for (const char* name : {"edk2-shell-1280x800", "grub-menu-720x400", "linux-fbcon-bochs-1280x800",
                           "linux-panic-text-720x400", "linux-text-dmesg-720x400",
                           "placeholder-not-initialized-640x480",
                           "placeholder-output-not-active-640x480", "seabios-text-720x400"}) {
    const auto frame = test::read_file(QMPSHOT_TEST_DATA "/frames/" + std::string(name) + ".png");
    std::vector<std::byte> file;
    encode_png(read_png(frame)->view(), {}, file).value();
    bytes += file.size();
  }
  EXPECT_LE(bytes, 31880U);
}

// `samples` yields 0xXXRRGGBB for one pixel after the other.
template <class Samples>
void expect_equal_and_back(std::uint32_t width_px, std::uint32_t height_px, Samples&& samples) {
  std::vector<std::byte> rgb;
  std::vector<std::byte> xrgb;
  for (std::size_t i = 0; i < std::size_t{width_px} * height_px; ++i) {
    const std::uint32_t colour = samples();
    const auto red = static_cast<std::byte>(colour >> 16U & 255U);
    const auto green = static_cast<std::byte>(colour >> 8U & 255U);
    const auto blue = static_cast<std::byte>(colour & 255U);
    rgb.insert(rgb.end(), {red, green, blue});
    xrgb.insert(xrgb.end(), {blue, green, red, static_cast<std::byte>(colour >> 24U)});
  }
  std::vector<std::byte> file;
  std::vector<std::byte> other;
  encode_png({rgb, width_px, height_px, std::size_t{3} * width_px, PixelFormat::rgb24}, {}, file)
      .value();
  encode_png({xrgb, width_px, height_px, std::size_t{4} * width_px, PixelFormat::xrgb8888}, {},
             other)
      .value();
  EXPECT_TRUE(file == other) << width_px << "x" << height_px;
  const Image back = read_png(file).value();
  EXPECT_TRUE(std::ranges::equal(back.view().pixels, rgb)) << width_px << "x" << height_px;
}

TEST(Png, IsTheSameFromEitherFormatAlsoOfLongSidesAndNoise) {
  struct Shape {
    std::uint32_t width_px;
    std::uint32_t height_px;
  };
  for (const Shape& shape : {Shape{16384, 3}, Shape{3, 16384}, Shape{700, 600}}) {
    // Of 2, 16, 32 and any number of colours; the unused byte is noise.
    for (const std::uint32_t mask : {0xFF000001U, 0xFF000303U, 0xFF00001FU, 0xFFFFFFFFU}) {
      std::uint32_t state = 1;
      expect_equal_and_back(shape.width_px, shape.height_px, [&] {
        state ^= state << 13U;  // Marsaglia's xorshift32
        state ^= state >> 17U;
        state ^= state << 5U;
        return state & mask;
      });
    }
  }
}

}  // namespace
}  // namespace qmpshot::encode
