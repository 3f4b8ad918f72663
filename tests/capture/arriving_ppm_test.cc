// SPDX-License-Identifier: MIT
#include "capture/arriving_ppm.h"

#include <qmpshot/unique_fd.h>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>

namespace qmpshot::capture {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

void append(int fd, std::string_view bytes) {
  EXPECT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

struct Ppm {
  std::string header;
  std::string pixels;
  std::size_t stride = 0;
};

// As QEMU writes it.
Ppm ppm_of(std::uint32_t width_px, std::uint32_t height_px) {
  Ppm out;
  out.header = "P6\n" + std::to_string(width_px) + " " + std::to_string(height_px) + "\n255\n";
  out.stride = (std::size_t{3} * width_px + 3) / 4 * 4;
  for (std::size_t i = 0; i < out.stride * height_px; ++i) {
    out.pixels.push_back(static_cast<char>(i * 2654435761U >> 24U | 1U));
  }
  return out;
}

UniqueFd empty_file() {
  return UniqueFd(::memfd_create("test", MFD_CLOEXEC));
}

bool is_row(std::span<const std::byte> row, const Ppm& ppm, std::uint32_t y) {
  const auto* from = reinterpret_cast<const std::byte*>(ppm.pixels.data()) + y * ppm.stride;
  return std::ranges::equal(row, std::span(from, row.size()));
}

bool is_black(std::span<const std::byte> row) {
  return std::ranges::all_of(row, [](std::byte b) { return b == std::byte{0}; });
}

TEST(ArrivingPpm, HasTheRowsAsTheyCome) {
  const Ppm ppm = ppm_of(1366, 200);
  // A writer that the machine holds up is given up on: then again.
  for (int tries = 0; tries < 100; ++tries) {
    const UniqueFd file = empty_file();
    std::thread writer([&] {
      append(file.get(), ppm.header);
      for (std::size_t at = 0; at < ppm.pixels.size(); at += ppm.stride) {
        append(file.get(), std::string_view(ppm.pixels).substr(at, ppm.stride));
      }
    });
    const auto rows = ArrivingPpm::open(file.get(), Clock::now() + 20s);
    bool all = rows != nullptr;
    for (std::uint32_t y = 0; all && y < rows->height_px; ++y) {
      all = is_row(rows->row(y), ppm, y);
      EXPECT_EQ(all, rows->came_at().has_value());
    }
    writer.join();
    if (!all) continue;
    EXPECT_LE(*rows->came_at(), Clock::now());
    const auto whole = PpmFile::open(file.get()).value();
    EXPECT_TRUE(rows->has_become(whole->map()->view()));
    return;
  }
  FAIL() << "100 writers were held up";
}

TEST(ArrivingPpm, IsBlackWhereNothingComes) {
  const Ppm ppm = ppm_of(20, 100);
  const UniqueFd file = empty_file();
  append(file.get(), ppm.header + ppm.pixels.substr(0, 50 * ppm.stride));
  const auto begin = Clock::now();
  const auto rows = ArrivingPpm::open(file.get(), begin + 20s);
  ASSERT_NE(rows, nullptr);
  EXPECT_FALSE(rows->came_at());  // nothing was read
  EXPECT_TRUE(is_row(rows->row(49), ppm, 49));
  EXPECT_TRUE(rows->came_at());
  EXPECT_TRUE(is_black(rows->row(60)));
  EXPECT_FALSE(rows->came_at());
  append(file.get(), ppm.pixels.substr(50 * ppm.stride));
  (void)rows->row(0);
  EXPECT_FALSE(rows->came_at());  // somebody was told that it is black
  EXPECT_LT(Clock::now() - begin, 10s);
}

TEST(ArrivingPpm, IsNoneWithoutAHeader) {
  const auto begin = Clock::now();
  EXPECT_EQ(ArrivingPpm::open(empty_file().get(), begin + 20s), nullptr);
  const UniqueFd file = empty_file();
  append(file.get(), "\x89PNG\r\n");
  EXPECT_EQ(ArrivingPpm::open(file.get(), begin + 20s), nullptr);
  EXPECT_EQ(ArrivingPpm::open(-1, begin + 20s), nullptr);
  EXPECT_LT(Clock::now() - begin, 10s);
}

TEST(ArrivingPpm, WaitsNoLongerThanItMay) {
  const Ppm ppm = ppm_of(20, 2);
  const UniqueFd file = empty_file();
  append(file.get(), ppm.header);
  const auto rows = ArrivingPpm::open(file.get(), Clock::now());
  ASSERT_NE(rows, nullptr);
  EXPECT_TRUE(is_black(rows->row(1)));
  EXPECT_FALSE(rows->came_at());
}

// As a QEMU that does not pad would write it, and one that writes another size after all.
TEST(ArrivingPpm, KnowsWhatItHasNotBecome) {
  const Ppm ppm = ppm_of(21, 4);
  const UniqueFd file = empty_file();
  append(file.get(), ppm.header + ppm.pixels);
  const auto rows = ArrivingPpm::open(file.get(), Clock::now() + 20s);
  ASSERT_NE(rows, nullptr);
  ImageView view{{}, 21, 4, 64, PixelFormat::rgb24};
  EXPECT_TRUE(rows->has_become(view));
  view.stride_bytes = 63;
  EXPECT_FALSE(rows->has_become(view));
  EXPECT_FALSE(rows->has_become({{}, 20, 4, 64, PixelFormat::rgb24}));
  EXPECT_FALSE(rows->has_become({{}, 21, 5, 64, PixelFormat::rgb24}));
}

}  // namespace
}  // namespace qmpshot::capture
