// SPDX-License-Identifier: MIT
// Large frames, on which several threads work at once.
#include "encode/png.h"
#include "encode/png_chunks.h"
#include "encode/png_read.h"
#include "tests/support/frame_maker.h"
#include "tests/support/sanitizers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace qmpshot::encode {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::uint32_t width_px = 2000;
constexpr std::uint32_t height_px = 1400;  // at 4 bits a pixel three strips

// Rows that are sampled for colours before any is written: every 16th from the 8th on.
constexpr bool is_sampled(std::uint32_t y) {
  return y % 16 == 8;
}

Bytes paint(const std::function<std::uint32_t(std::uint32_t x, std::uint32_t y)>& colour_at) {
  Bytes pixels;
  pixels.reserve(std::size_t{3} * width_px * height_px);
  for (std::uint32_t y = 0; y < height_px; ++y) {
    for (std::uint32_t x = 0; x < width_px; ++x) {
      const std::uint32_t colour = colour_at(x, y);
      for (const unsigned shift : {16U, 8U, 0U}) {
        pixels.push_back(static_cast<std::byte>(colour >> shift & 255U));
      }
    }
  }
  return pixels;
}

ImageView view_of(const Bytes& pixels) {
  return {pixels, width_px, height_px, std::size_t{3} * width_px, PixelFormat::rgb24};
}

Bytes encoded(const Bytes& pixels, unsigned threads) {
  EncodeOptions options;
  options.threads = threads;
  Bytes file;
  encode_png(view_of(pixels), options, file).value();
  return file;
}

// Ten colours in something like text; `hidden` more where no sampled row shows them.
Bytes console(std::uint32_t hidden, bool grey = false) {
  const auto colour = [=](std::uint32_t i) { return grey ? i % 256 * 0x010101U : i * 0x01357BU; };
  return paint([=](std::uint32_t x, std::uint32_t y) {
    if (hidden != 0 && !is_sampled(y) && x == y) return colour(10 + y % hidden);
    const bool ink = ((x * 7 / 9 ^ y) & 5U) == 0;
    return colour(ink ? 1 + y / 160 : 0);
  });
}

void expect_the_same_on_many(const Bytes& pixels, PngColour colour, int depth) {
  const Bytes on_one = encoded(pixels, 1);
  EXPECT_EQ(std::to_integer<int>(on_one[25]), static_cast<int>(colour));
  EXPECT_EQ(std::to_integer<int>(on_one[24]), depth);
  for (const unsigned threads : {2U, 5U}) EXPECT_TRUE(encoded(pixels, threads) == on_one);
  EXPECT_TRUE(std::ranges::equal(read_png(on_one)->view().pixels, pixels));
}

TEST(PngThreads, GiveTheSameBytesWhereAllColoursAreSampled) {
  expect_the_same_on_many(console(0), PngColour::indexed, 4);
}

TEST(PngThreads, GiveTheSameBytesWhereColoursComeUpLater) {
  expect_the_same_on_many(console(3), PngColour::indexed, 4);
  expect_the_same_on_many(console(200), PngColour::indexed, 8);
  expect_the_same_on_many(console(1000), PngColour::rgb, 8);
  expect_the_same_on_many(console(200, true), PngColour::grey, 8);
}

// More colours than a palette holds, but not in any one part that a thread looks through.
TEST(PngThreads, GiveTheSameBytesWhereOnlyAllTogetherAreTooMany) {
  const auto by_fifths = [](std::uint32_t x, std::uint32_t y) {
    const std::uint32_t step = y / (height_px / 5 + 1) * 60 + (is_sampled(y) ? 0 : x % 60);
    return 0x010305U * step;
  };
  expect_the_same_on_many(paint(by_fifths), PngColour::rgb, 8);
}

TEST(PngThreads, GiveTheSameBytesOfAPhoto) {
  test::SplitMix random(1);
  expect_the_same_on_many(paint([&](std::uint32_t x, std::uint32_t y) {
                            return x * 0x10000U / 8 + y * 0x100U / 8 + random.below(16);
                          }),
                          PngColour::rgb, 8);
}

TEST(PngThreads, OneColourIsDoneAtOneBit) {
  expect_the_same_on_many(paint([](auto, auto) { return 0U; }), PngColour::indexed, 1);
}

// Such a file need not decode: a strip may repeat what the one before it does not say. But each is
// made to its end, and the sanitizers see no memory harmed.
TEST(PngThreads, PixelsThatChangeMeanwhileHarmNothingElse) {
  QMPSHOT_REQUIRE_RACES();
  Bytes pixels = console(0);
  std::atomic<bool> done = false;
  std::thread other([&] {
    test::SplitMix random(1);
    while (!done) {
      const auto at = random.below(static_cast<std::uint32_t>(pixels.size()));
      std::atomic_ref(pixels[at]).store(static_cast<std::byte>(random.below(256)));
    }
  });
  std::vector<Bytes> files;
  for (unsigned i = 0; i < 20; ++i) files.push_back(encoded(pixels, 1 + i % 3));
  done = true;
  other.join();
  for (const Bytes& file : files) {
    Bytes end;
    write_png_end(end);
    ASSERT_GT(file.size(), end.size());
    EXPECT_TRUE(std::equal(end.begin(), end.end(), file.end() - std::ssize(end)));
  }
  expect_the_same_on_many(pixels, PngColour::rgb, 8);
}

}  // namespace
}  // namespace qmpshot::encode
