// SPDX-License-Identifier: MIT
#include "capture/frame_file.h"

#include "encode/encoder.h"
#include "tests/support/bytes.h"

#include <qmpshot/unique_fd.h>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace qmpshot::capture {
namespace {

using test::text;

// A file that holds `content`, its offset at the end.
UniqueFd file_of(std::string_view content) {
  UniqueFd file(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), content.data(), content.size()),
            static_cast<ssize_t>(content.size()));
  return file;
}

const std::string two_pixels = "P6\n2 1\n255\nabcdef";

struct Bad {
  const char* what;
  std::string content;
};

class BadPpmFile : public testing::TestWithParam<Bad> {};

TEST_P(BadPpmFile, IsRefusedReadOrOpened) {
  const UniqueFd file = file_of(GetParam().content);
  PixelMemory memory;
  const Result<Image> read = read_ppm_file(file.get(), memory);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), Errc::bad_image);
  const Result<std::unique_ptr<PpmFile>> opened = PpmFile::open(file.get());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Errc::bad_image);
}
INSTANTIATE_TEST_SUITE_P(Frames, BadPpmFile,
                         testing::Values(Bad{"empty", ""}, Bad{"cut in the header", "P6\n2 1\n25"},
                                         Bad{"header only", "P6\n2 1\n255\n"},
                                         Bad{"one byte short", "P6\n2 1\n255\nabcde"},
                                         Bad{"one byte long", "P6\n2 1\n255\nabcdefg"},
                                         Bad{"a hole in front", std::string(64, '\0') + two_pixels},
                                         Bad{"promises 768 MiB", "P6\n16384 16384\n255\nabc"},
                                         Bad{"a side too long", "P6\n16385 1\n255\nabc"},
                                         Bad{"no picture", "hello, I am no picture at all"}),
                         [](const auto& bad) {
                           std::string name = bad.param.what;
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

TEST(FrameFile, IsReadFromItsStartWhereverTheOffsetStands) {
  const UniqueFd file = file_of(two_pixels);
  PixelMemory memory;
  const Image image = read_ppm_file(file.get(), memory).value();
  EXPECT_EQ(image.view().width_px, 2u);
  EXPECT_EQ(image.view().height_px, 1u);
  EXPECT_EQ(text(image.view().pixels), "abcdef");
}

TEST(FrameFile, MappingOutlivesTheDescriptor) {
  UniqueFd file = file_of(two_pixels);
  const Image image = PpmFile::open(file.get()).value()->map().value();
  file = UniqueFd();
  EXPECT_EQ(text(image.view().pixels), "abcdef");
}

// A PPM whose bytes tell where they stand, its rows padded as QEMU does.
std::string ppm_of(std::uint32_t width_px, std::uint32_t height_px) {
  std::string out = "P6\n" + std::to_string(width_px) + " " + std::to_string(height_px) + "\n255\n";
  const std::size_t stride = (std::size_t{3} * width_px + 3) / 4 * 4;
  for (std::size_t i = 0; i < stride * height_px; ++i) {
    out.push_back(static_cast<char>(i * 2654435761U >> 24U));
  }
  return out;
}

TEST(PpmFile, HasTheRowsInAnyOrder) {
  struct Shape {
    std::uint32_t width_px, height_px;
  };
  for (const Shape shape : {Shape{1, 1}, Shape{3, 70}, Shape{720, 61}, Shape{1366, 40},
                            Shape{1, 16384}, Shape{max_side_px, 3}}) {
    const UniqueFd file = file_of(ppm_of(shape.width_px, shape.height_px));
    const auto rows = PpmFile::open(file.get()).value();
    ASSERT_EQ(rows->width_px, shape.width_px);
    ASSERT_EQ(rows->height_px, shape.height_px);
    const Image image = rows->map().value();
    const auto expect_row = [&](std::uint32_t y) {
      ASSERT_TRUE(std::ranges::equal(rows->row(y), image.view().row(y)))
          << shape.width_px << ": row " << y;
    };
    for (std::uint32_t y = 0; y < shape.height_px; ++y) expect_row(y);
    for (std::uint32_t y = shape.height_px; y-- > 0;) expect_row(y);
    for (std::uint32_t i = 0; i < 100; ++i) expect_row(i * 37 % shape.height_px);
  }
}

TEST(PpmFile, KeepsARowUntilTheNextButOne) {
  const UniqueFd file = file_of(ppm_of(720, 200));
  const auto rows = PpmFile::open(file.get()).value();
  const Image image = rows->map().value();
  std::span<const std::byte> before = rows->row(0);
  for (std::uint32_t y = 1; y < 200; ++y) {
    const std::span<const std::byte> row = rows->row(y);
    ASSERT_TRUE(std::ranges::equal(before, image.view().row(y - 1))) << y;
    before = row;
  }
  before = rows->row(5);
  (void)rows->row(150);
  EXPECT_TRUE(std::ranges::equal(before, image.view().row(5)));
}

TEST(FrameFile, DescriptorThatCannotBeReadIsAnError) {
  PixelMemory memory;
  const Result<Image> read = read_ppm_file(-1, memory);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), Errc::cannot_write);
}

TEST(FrameFile, HugeSparseFileTakesNoMemory) {
  const UniqueFd file = file_of("P6\n2 1\n255\n");
  ASSERT_EQ(::ftruncate(file.get(), off_t{1} << 40), 0);
  PixelMemory memory;
  EXPECT_EQ(read_ppm_file(file.get(), memory).error().code(), Errc::bad_image);
  EXPECT_EQ(PpmFile::open(file.get()).error().code(), Errc::bad_image);
  EXPECT_EQ(read_png_file(file.get()).error().code(), Errc::bad_image);
}

TEST(FrameFile, PngComesWithItsBytes) {
  const std::vector<std::byte> pixels = test::bytes("abcdef");
  const ImageView view{pixels, 2, 1, 6, PixelFormat::rgb24};
  const auto png = encode::encode(*encode::find_encoder("png"), view).value();
  const UniqueFd file = file_of(text(png));
  const PngFrame frame = read_png_file(file.get()).value();
  EXPECT_EQ(frame.bytes, png);
  EXPECT_EQ(text(frame.image.view().pixels), "abcdef");
}

TEST(FrameFile, PngThatIsEmptyOrCutIsRefused) {
  EXPECT_EQ(read_png_file(file_of("").get()).error().code(), Errc::bad_image);
  EXPECT_EQ(read_png_file(file_of("\x89PNG\r\n\x1a\n").get()).error().code(), Errc::bad_image);
}

TEST(PixelMemory, IsUsedAgainOnlyWhenNoFrameHoldsIt) {
  PixelMemory memory;
  std::shared_ptr<std::byte[]> first = memory.take(1000);
  const std::byte* const at = first.get();
  EXPECT_NE(memory.take(1000).get(), at);
  PixelMemory other;
  first = other.take(1000);
  const std::byte* const there = first.get();
  first.reset();
  EXPECT_EQ(other.take(500).get(), there);
}

}  // namespace
}  // namespace qmpshot::capture
