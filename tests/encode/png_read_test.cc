// SPDX-License-Identifier: MIT
#include "encode/png_read.h"

#include "tests/support/bytes.h"
#include "tests/support/images.h"

#include <gtest/gtest.h>
#include <png.h>

#include <array>
#include <filesystem>

namespace qmpshot::encode {
namespace {

struct Kind {
  int colour_type;
  int depth;
  int interlace;
};

constexpr std::uint32_t width = 13;  // every pass of Adam7 holds something
constexpr std::uint32_t height = 11;

std::uint32_t sample(std::uint32_t x, std::uint32_t y, std::uint32_t channel, int depth) {
  return (x * 40503 + y * 30011 + channel * 20011 + 7) % 65536 >> (16 - depth);
}

// The PNG specification's rows: samples packed from the high bits on, 16 bits big-endian.
std::vector<png_byte> packed_row(std::uint32_t y, std::uint32_t channels, int depth) {
  std::vector<png_byte> row((width * channels * static_cast<unsigned>(depth) + 7) / 8);
  std::size_t bit = 0;
  for (std::uint32_t x = 0; x < width; ++x) {
    for (std::uint32_t c = 0; c < channels; ++c) {
      const std::uint32_t value = sample(x, y, c, depth);
      for (int i = depth; i-- > 0; ++bit) {
        row[bit / 8] = static_cast<png_byte>(row[bit / 8] | (value >> i & 1) << (7 - bit % 8));
      }
    }
  }
  return row;
}

std::uint32_t channels_of(const Kind& kind) {
  switch (kind.colour_type) {
    case PNG_COLOR_TYPE_RGB: return 3;
    case PNG_COLOR_TYPE_GRAY_ALPHA: return 2;
    case PNG_COLOR_TYPE_RGB_ALPHA: return 4;
    default: return 1;
  }
}

png_color palette_entry(unsigned i) {
  return {static_cast<png_byte>(i * 7), static_cast<png_byte>(i * 13),
          static_cast<png_byte>(255 - i)};
}

std::vector<std::byte> make_png(const Kind& kind) {
  std::vector<std::byte> file;
  const auto write = [](png_structp png, png_bytep data, std::size_t size) {
    auto* out = static_cast<std::vector<std::byte>*>(png_get_io_ptr(png));
    const auto* first = reinterpret_cast<const std::byte*>(data);
    out->insert(out->end(), first, first + size);
  };
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &file, write, nullptr);
  png_set_IHDR(png, info, width, height, kind.depth, kind.colour_type, kind.interlace,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  std::array<png_color, 256> palette{};
  for (unsigned i = 0; i < 256; ++i) palette[i] = palette_entry(i);
  if (kind.colour_type == PNG_COLOR_TYPE_PALETTE) {
    png_set_PLTE(png, info, palette.data(), 1 << kind.depth);
    std::array<png_byte, 2> transparent = {0, 128};
    png_set_tRNS(png, info, transparent.data(), 2, nullptr);
  }
  png_set_gAMA(png, info, 1.0);  // must change nothing
  std::vector<std::vector<png_byte>> rows;
  std::vector<png_bytep> starts;
  for (std::uint32_t y = 0; y < height; ++y) {
    rows.push_back(packed_row(y, channels_of(kind), kind.depth));
    starts.push_back(rows.back().data());
  }
  png_set_rows(png, info, starts.data());
  png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&png, &info);
  return file;
}

std::uint32_t expected(const Kind& kind, std::uint32_t x, std::uint32_t y) {
  const std::uint32_t most = (1U << kind.depth) - 1;
  const auto eight_bits = [&](std::uint32_t channel) {
    return (sample(x, y, channel, kind.depth) * 255 + most / 2) / most;
  };
  switch (kind.colour_type) {
    case PNG_COLOR_TYPE_PALETTE: {
      const png_color colour = palette_entry(sample(x, y, 0, kind.depth));
      return static_cast<std::uint32_t>(colour.red << 16 | colour.green << 8 | colour.blue);
    }
    case PNG_COLOR_TYPE_GRAY:
    case PNG_COLOR_TYPE_GRAY_ALPHA: return eight_bits(0) * 0x010101;
    default: return eight_bits(0) << 16 | eight_bits(1) << 8 | eight_bits(2);
  }
}

TEST(PngRead, ReadsEveryColourTypeDepthAndInterlace) {
  int kinds = 0;
  for (const int colour_type : {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_PALETTE,
                                PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB_ALPHA}) {
    for (const int depth : {1, 2, 4, 8, 16}) {
      const bool grey = colour_type == PNG_COLOR_TYPE_GRAY;
      const bool palette = colour_type == PNG_COLOR_TYPE_PALETTE;
      if ((depth < 8 && !grey && !palette) || (depth == 16 && palette)) continue;
      for (const int interlace : {PNG_INTERLACE_NONE, PNG_INTERLACE_ADAM7}) {
        const Kind kind{colour_type, depth, interlace};
        const Image image = read_png(make_png(kind)).value();
        const Image wanted = test::make_image(
            width, height, PixelFormat::rgb24,
            [&](std::uint32_t x, std::uint32_t y) { return expected(kind, x, y); });
        EXPECT_TRUE(test::same_picture(image.view(), wanted.view()))
            << "colour type " << colour_type << ", depth " << depth << ", interlace " << interlace;
        EXPECT_EQ(image.view().stride_bytes, 3U * width);
        ++kinds;
      }
    }
  }
  EXPECT_EQ(kinds, 30);  // the specification's 15, each with and without interlace
}

TEST(PngRead, RefusesMorePixelsThanAllowedAndSaysSo) {
  const auto file = make_png({PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_NONE});
  EXPECT_TRUE(read_png(file, width * height).ok());
  const Result<Image> result = read_png(file, width * height - 1);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::bad_image);
  EXPECT_EQ(result.error().message(), "reading a PNG: its size is 13x11, more than 142 pixels");
}

TEST(PngRead, RefusesABombBeforeItTakesMemory) {
  const auto file = test::read_file(QMPSHOT_TEST_DATA "/corpus/png/bomb-16384x16384.png");
  const Result<Image> result = read_png(file, std::size_t{max_side_px} * max_side_px);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::bad_image);
  EXPECT_EQ(result.error().message(),
            "reading a PNG: its size is 16384x16384, too much for a file of " +
                std::to_string(file.size()) + " bytes");
}

TEST(PngRead, RefusesASideThatNoScreenHas) {
  const auto file = test::read_file(QMPSHOT_TEST_DATA "/corpus/png/too-wide.png");
  EXPECT_EQ(read_png(file).error().code(), Errc::bad_image);
}

TEST(PngRead, RefusesADamagedChunk) {
  const auto file = test::read_file(QMPSHOT_TEST_DATA "/corpus/png/bad-crc.png");
  EXPECT_EQ(read_png(file).error().code(), Errc::bad_image);
}

TEST(PngRead, ReadsEveryFrameOfTheCollection) {
  int frames = 0;
  for (const auto& entry : std::filesystem::directory_iterator(QMPSHOT_TEST_DATA "/frames")) {
    if (entry.path().extension() != ".png") continue;
    const Result<Image> image = read_png(test::read_file(entry.path()));
    EXPECT_TRUE(image.ok()) << entry.path();
    ++frames;
  }
  EXPECT_GE(frames, 11);
}

TEST(PngRead, RefusesAFileCutAnywhere) {
  const auto file = test::read_file(QMPSHOT_TEST_DATA "/frames/grub-menu-720x400.png");
  for (std::size_t size = 0; size < file.size(); size += 97) {
    const Result<Image> result = read_png(std::span(file).first(size));
    ASSERT_FALSE(result.ok()) << size;
    EXPECT_EQ(result.error().code(), Errc::bad_image);
  }
}

}  // namespace
}  // namespace qmpshot::encode
