// SPDX-License-Identifier: MIT
#include "encode/qoi.h"

#include "encode/png_read.h"
#include "encode/ppm.h"
#include "tests/support/images.h"
#include "tests/support/qoi_reader.h"
#include "tests/support/tool.h"

#include <gtest/gtest.h>

namespace qmpshot::encode {
namespace {

std::vector<std::byte> qoi(const ImageView& view) {
  std::vector<std::byte> file;
  encode_qoi(view, file).value();
  return file;
}

TEST(Qoi, DecodesToThePixelsItWasMadeFrom) {
  std::uint32_t seed = 0;
  for (const PixelFormat format : {PixelFormat::rgb24, PixelFormat::xrgb8888}) {
    for (const std::uint32_t width : {1U, 2U, 61U, 62U, 63U, 64U, 125U, 300U}) {
      for (const std::uint32_t colours : {1U, 2U, 16U, 64U, 100000U}) {
        const Image image = test::make_screen(width, 23, format, colours, ++seed, 7);
        EXPECT_TRUE(test::same_picture(test::read_qoi(qoi(image.view())).view(), image.view()))
            << width << " px, " << colours << " colours";
      }
    }
  }
}

// Steps of every size in every direction, so that each kind of chunk is written at its edges.
TEST(Qoi, WrapsDifferencesAround) {
  for (int step = -40; step <= 40; ++step) {
    const Image image =
        test::make_image(256, 3, PixelFormat::rgb24, [&](std::uint32_t x, std::uint32_t y) {
          const auto base = static_cast<unsigned>(step) * x;
          return (base + 3 * y * (x % 2)) % 256 << 16 | base % 256 << 8 | (base - 9 * y * x) % 256;
        });
    EXPECT_TRUE(test::same_picture(test::read_qoi(qoi(image.view())).view(), image.view())) << step;
  }
}

// The specification's index starts as transparent black: a first pixel of opaque black is a run.
TEST(Qoi, TakesNothingFromTheIndexThatWasNotPutThere) {
  const Image image = test::make_image(
      4, 1, PixelFormat::rgb24,
      [](std::uint32_t x, std::uint32_t) { return x == 1 || x == 2 ? 0xFFFFFFU : 0U; });
  EXPECT_TRUE(test::same_picture(test::read_qoi(qoi(image.view())).view(), image.view()));
}

TEST(Qoi, IsReadByNetpbm) {
  if (!test::has_tool("qoitopam")) GTEST_SKIP() << "netpbm 10.99 or later is not installed";
  const auto png = test::read_file(QMPSHOT_TEST_DATA "/frames/linux-fbcon-bochs-1280x800.png");
  const Image image = read_png(png).value();
  const auto ppm = test::run_tool("qoitopam {} | pamtopnm | ppmtoppm", qoi(image.view()));
  EXPECT_TRUE(test::same_picture(parse_ppm(ppm).value(), image.view()));
}

}  // namespace
}  // namespace qmpshot::encode
