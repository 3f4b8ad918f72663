// SPDX-License-Identifier: MIT
#include "capture/arriving_ppm.h"

#include <qmpshot/unique_fd.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

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
  std::size_t row_bytes = 0;
  std::size_t stride = 0;
};

// As QEMU writes it.
Ppm ppm_of(std::uint32_t width_px, std::uint32_t height_px) {
  Ppm out;
  out.header = "P6\n" + std::to_string(width_px) + " " + std::to_string(height_px) + "\n255\n";
  out.row_bytes = std::size_t{3} * width_px;
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
  return std::ranges::equal(row, std::span(from, ppm.row_bytes));
}

// Where a monitor speaks.
struct Monitor {
  Monitor() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  ~Monitor() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  [[nodiscard]] int fd() const { return ends[0]; }
  void speak() const { append(ends[1], "{}"); }
  void hang_up() { ::close(std::exchange(ends[1], -1)); }
  std::array<int, 2> ends{};
};

TEST(ArrivingPpm, HasTheRowsAsTheyCome) {
  const Ppm ppm = ppm_of(1366, 200);
  const UniqueFd file = empty_file();
  const Monitor monitor;
  std::thread writer([&] {
    append(file.get(), ppm.header);
    for (std::size_t at = 0; at < ppm.pixels.size(); at += ppm.stride) {
      if (at % (50 * ppm.stride) == 0) std::this_thread::sleep_for(5ms);
      append(file.get(), std::string_view(ppm.pixels).substr(at, ppm.stride));
    }
    monitor.speak();
  });
  const auto rows = ArrivingPpm::open(file.get(), monitor.fd(), Clock::now() + 60s);
  EXPECT_NE(rows, nullptr);
  for (std::uint32_t y = 0; rows && y < rows->height_px; ++y) {
    EXPECT_TRUE(is_row(rows->row(y), ppm, y)) << y;
  }
  writer.join();
  ASSERT_NE(rows, nullptr);
  EXPECT_TRUE(is_row(rows->row(3), ppm, 3));
  EXPECT_TRUE(rows->came());
  EXPECT_TRUE(rows->is_coming());
}

TEST(ArrivingPpm, EndsWhereNothingMoreComes) {
  const Ppm ppm = ppm_of(20, 100);
  const UniqueFd file = empty_file();
  const Monitor monitor;
  append(file.get(), ppm.header + ppm.pixels.substr(0, 50 * ppm.stride));
  const auto rows = ArrivingPpm::open(file.get(), monitor.fd(), Clock::now() + 60s);
  ASSERT_NE(rows, nullptr);
  EXPECT_TRUE(is_row(rows->row(49), ppm, 49));
  EXPECT_TRUE(rows->came());
  monitor.speak();
  EXPECT_TRUE(rows->row(60).empty());
  EXPECT_FALSE(rows->came());
  // And does not come again.
  append(file.get(), ppm.pixels.substr(50 * ppm.stride));
  EXPECT_TRUE(rows->row(60).empty());
  EXPECT_TRUE(rows->row(0).empty());
  EXPECT_FALSE(rows->came());
}

// The reader mostly pauses when both come.
TEST(ArrivingPpm, HasWhatCameJustBeforeTheMonitorSpoke) {
  const Ppm ppm = ppm_of(20, 100);
  for (int round = 0; round < 20; ++round) {
    const UniqueFd file = empty_file();
    const Monitor monitor;
    append(file.get(), ppm.header + ppm.pixels.substr(0, 50 * ppm.stride));
    const auto rows = ArrivingPpm::open(file.get(), monitor.fd(), Clock::now() + 60s);
    ASSERT_NE(rows, nullptr);
    std::thread writer([&] {
      std::this_thread::sleep_for(1ms);
      append(file.get(), ppm.pixels.substr(50 * ppm.stride));
      monitor.speak();
    });
    EXPECT_TRUE(is_row(rows->row(99), ppm, 99));
    EXPECT_TRUE(rows->came());
    writer.join();
  }
}

TEST(ArrivingPpm, EndsWhereTheMonitorHangsUp) {
  const Ppm ppm = ppm_of(20, 100);
  const UniqueFd file = empty_file();
  Monitor monitor;
  append(file.get(), ppm.header + ppm.pixels.substr(0, 50 * ppm.stride));
  const auto rows = ArrivingPpm::open(file.get(), monitor.fd(), Clock::now() + 60s);
  ASSERT_NE(rows, nullptr);
  std::thread peer([&] {
    std::this_thread::sleep_for(1ms);
    monitor.hang_up();
  });
  EXPECT_TRUE(rows->row(60).empty());
  peer.join();
}

TEST(ArrivingPpm, GivesNoRowThatIsThereTooLate) {
  const Ppm ppm = ppm_of(20, 100);
  const UniqueFd file = empty_file();
  const Monitor monitor;
  append(file.get(), ppm.header + ppm.pixels);
  const auto rows = ArrivingPpm::open(file.get(), monitor.fd(), Clock::now());
  ASSERT_NE(rows, nullptr);
  EXPECT_TRUE(rows->row(0).empty());
  EXPECT_FALSE(rows->came());
}

TEST(ArrivingPpm, IsNoneWithoutAHeader) {
  const Monitor monitor;
  monitor.speak();
  const auto until = Clock::now() + 60s;
  EXPECT_EQ(ArrivingPpm::open(empty_file().get(), monitor.fd(), until), nullptr);
  const UniqueFd file = empty_file();
  append(file.get(), "\x89PNG\r\n");
  EXPECT_EQ(ArrivingPpm::open(file.get(), monitor.fd(), until), nullptr);
  EXPECT_EQ(ArrivingPpm::open(-1, monitor.fd(), until), nullptr);
}

TEST(ArrivingPpm, WaitsNoLongerThanItMay) {
  const Ppm ppm = ppm_of(20, 2);
  const UniqueFd file = empty_file();
  const Monitor monitor;  // which is silent
  EXPECT_EQ(ArrivingPpm::open(file.get(), monitor.fd(), Clock::now() + 10ms), nullptr);
  append(file.get(), ppm.header);
  const auto rows = ArrivingPpm::open(file.get(), monitor.fd(), Clock::now() + 10ms);
  ASSERT_NE(rows, nullptr);
  EXPECT_TRUE(rows->row(1).empty());
  EXPECT_FALSE(rows->came());
}

// A file that was cut after it had been seen to be long enough.
TEST(ArrivingPpm, EndsWhereTheFileShrinks) {
  const Ppm ppm = ppm_of(720, 100);
  const UniqueFd file = empty_file();
  const Monitor monitor;
  append(file.get(), ppm.header + ppm.pixels);
  const auto rows = ArrivingPpm::open(file.get(), monitor.fd(), Clock::now() + 60s);
  ASSERT_NE(rows, nullptr);
  EXPECT_TRUE(is_row(rows->row(99), ppm, 99));
  ASSERT_EQ(::ftruncate(file.get(), 100), 0);
  EXPECT_TRUE(rows->row(50).empty());
  EXPECT_FALSE(rows->came());
}

}  // namespace
}  // namespace qmpshot::capture
