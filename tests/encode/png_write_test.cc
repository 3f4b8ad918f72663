// SPDX-License-Identifier: MIT
// What kind of PNG comes out; that the pixels come back is round_trip_test.cc's.
#include "encode/png.h"
#include "encode/png_read.h"
#include "tests/support/bytes.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace qmpshot::encode {
namespace {

using Bytes = std::vector<std::byte>;

// A frame of 64x32 pixels with so many colours, the last of which comes last.
struct Frame {
  Bytes pixels;
  [[nodiscard]] ImageView view() const { return {pixels, 64, 32, 192, PixelFormat::rgb24}; }
};

Frame frame_of(unsigned colours, bool grey) {
  Frame frame;
  for (unsigned i = 0; i < 64 * 32; ++i) {
    const unsigned colour = i * colours / (64 * 32);
    const auto low = static_cast<std::byte>(colour & 255U);
    const auto high = static_cast<std::byte>(grey ? colour & 255U : 200U + (colour >> 8U));
    frame.pixels.insert(frame.pixels.end(), {low, grey ? low : std::byte{7}, high});
  }
  return frame;
}

Bytes encoded(const Frame& frame, const EncodeOptions& options = {}) {
  Bytes file;
  encode_png(frame.view(), options, file).value();
  const Image back = read_png(file).value();
  EXPECT_EQ(test::text(back.view().pixels), test::text(frame.pixels));
  return file;
}

int depth(const Bytes& file) {
  return std::to_integer<int>(file[24]);
}
int colour_type(const Bytes& file) {
  return std::to_integer<int>(file[25]);
}

TEST(PngKind, IsIndexedAtTheLeastDepthThatHoldsTheColours) {
  struct Case {
    unsigned colours;
    int depth;
  };
  for (const Case& c : {Case{1, 1}, Case{2, 1}, Case{3, 2}, Case{4, 2}, Case{5, 4}, Case{16, 4},
                        Case{17, 8}, Case{256, 8}}) {
    const Bytes file = encoded(frame_of(c.colours, false));
    EXPECT_EQ(colour_type(file), 3) << c.colours;
    EXPECT_EQ(depth(file), c.depth) << c.colours;
  }
}

TEST(PngKind, IsRgbAbove256Colours) {
  const Bytes file = encoded(frame_of(257, false));
  EXPECT_EQ(colour_type(file), 2);
  EXPECT_EQ(depth(file), 8);
}

TEST(PngKind, IsGreyWhereMoreThanSixteenColoursAreAllGrey) {
  EXPECT_EQ(colour_type(encoded(frame_of(16, true))), 3);
  EXPECT_EQ(colour_type(encoded(frame_of(17, true))), 0);
  EXPECT_EQ(colour_type(encoded(frame_of(256, true))), 0);
}

TEST(PngKind, IsNotGreyWhenOneOfManyColoursIsNot) {
  Frame frame = frame_of(200, true);
  frame.pixels.back() = std::byte{1};
  EXPECT_EQ(colour_type(encoded(frame)), 3);
}

TEST(PngSmall, IsNeverLargerThanTheFastOne) {
  EncodeOptions small;
  small.small = true;
  for (const bool grey : {false, true}) {
    for (const unsigned colours : {1U, 2U, 3U, 9U, 100U, 250U, 300U}) {
      const Frame frame = frame_of(colours, grey);
      EXPECT_LE(encoded(frame, small).size(), encoded(frame).size()) << colours << grey;
    }
  }
}

TEST(PngSmall, IsTheSameOnManyThreads) {
  for (const unsigned colours : {3U, 40U, 257U}) {
    EncodeOptions small;
    small.small = true;
    small.threads = 1;
    const Bytes on_one = encoded(frame_of(colours, false), small);
    small.threads = 7;
    EXPECT_TRUE(encoded(frame_of(colours, false), small) == on_one) << colours;
  }
}

TEST(PngSmall, SaysShadesInTrueColourWhereAPaletteIsLarger) {
  EncodeOptions small;
  small.small = true;
  const Frame shades = frame_of(200, false);
  EXPECT_EQ(colour_type(encoded(shades)), 3);
  EXPECT_EQ(colour_type(encoded(shades, small)), 2);
  EXPECT_EQ(colour_type(encoded(frame_of(4, false), small)), 3);
}

TEST(PngSmall, NeedsNoPaletteForBlackAndWhite) {
  Frame frame = frame_of(2, true);
  for (std::byte& sample : frame.pixels) sample = sample == std::byte{0} ? sample : std::byte{255};
  EncodeOptions small;
  small.small = true;
  const Bytes file = encoded(frame, small);
  EXPECT_EQ(colour_type(file), 0);
  EXPECT_EQ(depth(file), 1);
}

TEST(PngText, IsThereOnRequestOnly) {
  const Frame frame = frame_of(2, false);
  EXPECT_EQ(test::text(encoded(frame)).find("EXt"), std::string::npos);
  EncodeOptions options;
  options.title = "web-1";
  options.source =
      "K\xC3\xBC"
      "che";
  options.taken_at = std::chrono::sys_days(std::chrono::year(2024) / 2 / 29) +
                     std::chrono::hours(23) + std::chrono::seconds(7);
  const std::string file = test::text(encoded(frame, options));
  const auto has = [&](std::string_view chunk) { return file.find(chunk) != std::string::npos; };
  EXPECT_TRUE(has(std::string_view("tEXtTitle\0web-1", 15)));
  EXPECT_TRUE(
      has(std::string_view("iTXtSource\0\0\0\0\0K\xC3\xBC"
                           "che",
                           21)));
  EXPECT_TRUE(
      has(std::string_view("tEXtCreation Time\0"
                           "2024-02-29T23:00:07Z",
                           38)));
}

TEST(PngText, RefusesControlCharacters) {
  EncodeOptions options;
  options.title = "two\nlines";
  Bytes file;
  const Result<void> result = encode_png(frame_of(2, false).view(), options, file);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::bad_argument);
  EXPECT_EQ(result.error().message(),
            "writing a PNG: its text \"Title\" contains a control character");
  EXPECT_TRUE(file.empty());
}

TEST(PngText, RefusesWhatIsNotUtf8AndC1Controls) {
  for (const char* bad :
       {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xE2\x82", "\xC3(", "\xC2\x85", "\xC2\x9F", "\x7F"}) {
    EncodeOptions options;
    options.source = bad;
    Bytes file = test::bytes("before");
    const Result<void> result = encode_png(frame_of(2, false).view(), options, file);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), Errc::bad_argument);
    EXPECT_EQ(test::text(file), "before");
  }
  for (const char* good : {"\xC2\xA0", "\xE2\x82\xAC", "\xEE\x80\x80", "\xF0\x9F\x98\x80"}) {
    EncodeOptions options;
    options.source = good;
    EXPECT_NE(test::text(encoded(frame_of(2, false), options)).find(good), std::string::npos);
  }
}

TEST(PngWrite, AppendsToWhatIsThere) {
  Bytes file = test::bytes("before");
  encode_png(frame_of(2, false).view(), {}, file).value();
  EXPECT_EQ(test::text(file).substr(0, 10), "before\x89PNG");
}

}  // namespace
}  // namespace qmpshot::encode
