// SPDX-License-Identifier: MIT
#include "encode/png_stream.h"

#include "tests/support/frame_maker.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <stdexcept>
#include <thread>

namespace qmpshot::encode {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t row_bytes = 1501;
constexpr std::uint32_t row_count = 1200;  // 1.8 MB: four strips
constexpr RowShape shape = {.row_bytes = row_bytes,
                            .pixel_bytes = 3,
                            .is_noisy = true,
                            .hash_bytes = 7,
                            .near_bytes = 0,
                            .patience = 2,
                            .least_saved = 1,
                            .short_run = 0};

// Row y of a picture where some rows repeat those above.
void make_row(std::uint32_t y, std::uint8_t* to) {
  test::fill({to, row_bytes}, y / 3 + 1, y % 5 == 0 ? 256 : 3);
}

class MadeRows : public StreamRows {
 public:
  bool write(std::uint32_t y, bool, std::uint8_t* to) override {
    make_row(y, to);
    return true;
  }
};

StreamPlan plan_of(std::function<bool(std::uint32_t)> on_row) {
  struct Rows : StreamRows {
    explicit Rows(std::function<bool(std::uint32_t)> on_row) : on_row_(std::move(on_row)) {}
    bool write(std::uint32_t y, bool, std::uint8_t* to) override {
      make_row(y, to);
      return on_row_(y);
    }
    std::function<bool(std::uint32_t)> on_row_;
  };
  return {shape, row_count, [on_row] { return std::make_unique<Rows>(on_row); }};
}

const StreamPlan made = {shape, row_count, [] { return std::make_unique<MadeRows>(); }};

TEST(PngStream, IsTheSameOnHoweverManyThreads) {
  ASSERT_GT(strip_count(row_bytes, row_count), 3U);
  Bytes on_one;
  ASSERT_TRUE(write_stream(made, 1, on_one));
  for (const unsigned threads : {2U, 3U, 16U}) {
    Bytes out;
    ASSERT_TRUE(write_stream(made, threads, out));
    ASSERT_TRUE(out == on_one) << threads;
  }
}

// libdeflate checks the Adler-32 too, which is put together from those of the strips.
TEST(PngStream, GivesTheRowsBack) {
  std::vector<std::uint8_t> plain(row_bytes * row_count);
  for (std::uint32_t y = 0; y < row_count; ++y) make_row(y, plain.data() + row_bytes * y);
  Bytes out;
  ASSERT_TRUE(write_stream(made, 2, out));
  std::vector<std::uint8_t> back(plain.size());
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  const libdeflate_result result = libdeflate_zlib_decompress(decompressor, out.data(), out.size(),
                                                              back.data(), back.size(), nullptr);
  libdeflate_free_decompressor(decompressor);
  EXPECT_EQ(result, LIBDEFLATE_SUCCESS);
  EXPECT_TRUE(back == plain);
}

TEST(PngStream, AppendsAndTakesBackWhatARowCouldNotSay) {
  for (const std::uint32_t last_good : {0U, 500U, row_count - 2}) {
    const StreamPlan plan = plan_of([=](std::uint32_t y) { return y <= last_good; });
    for (const unsigned threads : {1U, 4U}) {
      Bytes out = {std::byte{42}};
      EXPECT_FALSE(write_stream(plan, threads, out));
      EXPECT_EQ(out, Bytes{std::byte{42}});
    }
  }
  Bytes out = {std::byte{42}};
  EXPECT_TRUE(write_stream(made, 1, out));
  EXPECT_EQ(out[0], std::byte{42});
  EXPECT_EQ(out[1], std::byte{0x78});  // RFC 1950, 2.2
}

TEST(PngStream, ThrowsWhatARowThrowsOnAnyThread) {
  const StreamPlan plan = plan_of([](std::uint32_t y) -> bool {
    if (y == row_count - 1) throw std::runtime_error("no memory");
    return true;
  });
  Bytes out;
  EXPECT_THROW(write_stream(plan, 3, out), std::runtime_error);
}

TEST(PngStream, DoesAPartAgainForWhichMemoryWasLacking) {
  Bytes on_one;
  ASSERT_TRUE(write_stream(made, 1, on_one));
  for (const std::uint32_t bad_row : {100U, 500U, row_count - 1}) {
    std::atomic<int> failures = 1;
    const StreamPlan plan = plan_of([&](std::uint32_t y) -> bool {
      if (y == bad_row && failures-- > 0) throw std::bad_alloc();
      return true;
    });
    Bytes out;
    ASSERT_TRUE(write_stream(plan, 2, out));
    EXPECT_TRUE(out == on_one) << bad_row;
  }
}

// Noise on top does not say that all is noise.
TEST(PngStream, ReservesLittleMoreThanItNeeds) {
  constexpr std::uint32_t rows = 20000;
  struct Rows : StreamRows {
    bool write(std::uint32_t y, bool, std::uint8_t* to) override {
      std::fill_n(to, row_bytes, std::uint8_t{0});
      if (y < 100) test::fill({to, row_bytes}, y, 256);
      return true;
    }
  };
  const StreamPlan plan = {shape, rows, [] { return std::make_unique<Rows>(); }};
  for (const unsigned threads : {1U, 2U}) {
    Bytes out;
    ASSERT_TRUE(write_stream(plan, threads, out));
    EXPECT_LT(out.capacity(), out.size() + (std::size_t{4} << 20U)) << threads;
  }
}

TEST(PngStream, MakesRowsInOrderOnOneThread) {
  std::uint32_t next = 0;
  bool in_order = true;
  const StreamPlan plan = plan_of([&](std::uint32_t y) {
    in_order &= y <= next;  // those before a strip are made again
    next = std::max(next, y + 1);
    return true;
  });
  Bytes out;
  ASSERT_TRUE(write_stream(plan, 1, out));
  EXPECT_TRUE(in_order);
  EXPECT_EQ(next, row_count);
}

}  // namespace
}  // namespace qmpshot::encode
