// SPDX-License-Identifier: MIT
#include "encode/deflate.h"

#include "tests/support/frame_maker.h"
#include "tests/support/guarded.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

namespace qmpshot::encode {
namespace {

using Rows = std::vector<std::vector<std::uint8_t>>;

constexpr RowShape shape_of(std::size_t row_bytes, std::size_t pixel_bytes) {
  return {.row_bytes = row_bytes,
          .pixel_bytes = pixel_bytes,
          .is_noisy = pixel_bytes == 3,
          .hash_bytes = 6,
          .near_bytes = 4,
          .patience = 2,
          .least_saved = 3,
          .short_run = 8};
}

void put_rows(ScreenDeflate& deflate, std::span<const std::vector<std::uint8_t>> rows) {
  for (const auto& row : rows) {
    std::ranges::copy(row, deflate.next_row());
    deflate.commit_row();
  }
}

std::vector<std::byte> compress(const Rows& rows, const RowShape& shape) {
  std::vector<std::byte> out = {std::byte{42}};  // what was there stays
  ScreenDeflate deflate;
  deflate.restart(shape, rows.size(), out);
  put_rows(deflate, rows);
  deflate.end(true);
  EXPECT_EQ(out[0], std::byte{42});
  out.erase(out.begin());
  std::vector<std::uint8_t> plain;
  for (const auto& row : rows) plain.insert(plain.end(), row.begin(), row.end());
  EXPECT_EQ(deflate.adler32(), libdeflate_adler32(1, plain.data(), plain.size()));
  return out;
}

// What the blocks hold, by libdeflate; empty where it refuses them.
std::vector<std::uint8_t> inflate(const std::vector<std::byte>& packed, std::size_t count) {
  std::vector<std::uint8_t> plain(count);
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  const libdeflate_result result = libdeflate_deflate_decompress(
      decompressor, packed.data(), packed.size(), plain.data(), plain.size(), nullptr);
  libdeflate_free_decompressor(decompressor);
  return result == LIBDEFLATE_SUCCESS ? plain : std::vector<std::uint8_t>();
}

// In a shape of any kind, and in those that PNGs have.
void expect_round_trip(const Rows& rows, std::size_t pixel_bytes) {
  std::vector<std::uint8_t> plain;
  for (const auto& row : rows) plain.insert(plain.end(), row.begin(), row.end());
  for (RowShape shape : {shape_of(0, pixel_bytes), indexed_rows, bitmap_rows, rgb_rows}) {
    shape.row_bytes = rows[0].size();
    ASSERT_EQ(inflate(compress(rows, shape), plain.size()), plain);
  }
}

Rows make_rows(std::size_t row_bytes, std::size_t count, std::uint32_t values) {
  Rows rows(count, std::vector<std::uint8_t>(row_bytes));
  std::uint32_t seed = 0;
  for (auto& row : rows) test::fill(row, ++seed, values);
  return rows;
}

TEST(ScreenDeflate, GivesBackRowsOfEverySizeAroundAWord) {
  for (std::size_t row_bytes = 1; row_bytes <= 140; ++row_bytes) {
    for (const std::size_t count : {1U, 2U, 3U, 9U}) {
      for (const std::uint32_t values : {1U, 2U, 256U}) {
        expect_round_trip(make_rows(row_bytes, count, values), 1 + row_bytes % 4);
      }
    }
  }
}

TEST(ScreenDeflate, GivesBackRowsLongerThanTheWindow) {
  expect_round_trip(make_rows(ScreenDeflate::max_row_bytes, 5, 3), 3);
  expect_round_trip(make_rows(deflate_window + 1, 7, 256), 3);
  expect_round_trip(make_rows(deflate_window, 7, 2), 4);
}

TEST(ScreenDeflate, GivesBackMatchesOfEveryLength) {
  for (std::size_t length = 1; length < 1100; ++length) {
    Rows rows(1, std::vector<std::uint8_t>(length + 5, 7));
    std::iota(rows[0].begin(), rows[0].begin() + 5, std::uint8_t{1});
    expect_round_trip(rows, 1);
  }
}

// Lines of text, 16 rows each: every cell one of 40 glyphs, four bytes wide.
Rows make_text(std::size_t columns, std::size_t lines) {
  std::vector<std::uint8_t> glyphs(40 * 64);
  test::fill(glyphs, 1, 3);
  Rows rows;
  test::SplitMix random(2);
  for (std::size_t line = 0; line < lines; ++line) {
    std::vector<std::size_t> cells(columns);
    for (auto& cell : cells) cell = random.below(40);
    for (std::size_t y = 0; y < 16; ++y) {
      auto& row = rows.emplace_back();
      for (const std::size_t cell : cells) {
        const auto glyph = glyphs.begin() + static_cast<std::ptrdiff_t>(64 * cell + 4 * y);
        row.insert(row.end(), glyph, glyph + 4);
      }
    }
  }
  return rows;
}

// Short matches everywhere, for which the second band is looked through with more care.
TEST(ScreenDeflate, GivesBackDenseText) {
  for (const std::size_t columns : {79U, 240U, 241U}) {
    expect_round_trip(make_text(columns, 20), 1);
  }
}

TEST(ScreenDeflate, StoresWhatDoesNotShrink) {
  const Rows rows = make_rows(5000, 60, 256);
  expect_round_trip(rows, 1);
  EXPECT_LE(compress(rows, shape_of(rows[0].size(), 1)).size(), 300000U + 300000U / 1000);
}

TEST(ScreenDeflate, GivesBackACodeThatHadToBeCut) {
  // Fibonacci numbers as frequencies make the deepest tree: 24 symbols would need 23 bits.
  Rows rows(1);
  std::uint32_t a = 1;
  std::uint32_t b = 1;
  for (std::uint8_t symbol = 0; symbol < 22; ++symbol) {
    rows[0].insert(rows[0].end(), a, symbol);
    a = std::exchange(b, a + b);
  }
  test::SplitMix random(1);
  for (std::size_t i = rows[0].size(); i > 1; --i) {
    std::swap(rows[0][i - 1], rows[0][random.below(static_cast<std::uint32_t>(i))]);
  }
  rows[0].resize(46000);
  expect_round_trip(rows, 1);
}

TEST(ScreenDeflate, RestartForgetsTheRowsOfBefore) {
  const Rows rows = make_rows(100, 700, 3);
  std::vector<std::byte> out, other;
  ScreenDeflate deflate;
  deflate.restart(shape_of(100, 1), 700, other);
  put_rows(deflate, make_rows(100, 690, 3));
  deflate.restart(shape_of(100, 1), 700, out);
  put_rows(deflate, rows);
  deflate.end(true);
  EXPECT_EQ(out, compress(rows, shape_of(rows[0].size(), 1)));
}

void expect_joined(std::size_t row_bytes) {
  const RowShape shape = shape_of(row_bytes, 1);
  const Rows rows = make_rows(shape.row_bytes, 90, 2);
  std::vector<std::uint8_t> plain;
  for (const auto& row : rows) plain.insert(plain.end(), row.begin(), row.end());
  for (const std::size_t cut : {1U, 20U, 33U, 60U, 89U}) {
    std::vector<std::byte> out;
    ScreenDeflate first, second;
    first.restart(shape, cut, out);
    put_rows(first, std::span(rows).first(cut));
    first.end(false);
    second.restart(shape, rows.size() - cut, out);
    const std::size_t window_rows = (deflate_window + shape.row_bytes - 1) / shape.row_bytes;
    const std::size_t before = std::min(cut, window_rows);
    put_rows(second, std::span(rows).subspan(cut - before, before));
    second.begin();
    put_rows(second, std::span(rows).subspan(cut));
    second.end(true);
    ASSERT_EQ(inflate(out, plain.size()), plain) << row_bytes << ", " << cut;
  }
}

TEST(ScreenDeflate, JoinsStreamsOfSeveral) {
  for (const std::size_t row_bytes : {1U, 1001U, 1024U, 16384U, 32769U}) expect_joined(row_bytes);
}

// A part that follows repeats what came before it: the same rows again cost next to nothing.
TEST(ScreenDeflate, RepeatsWhatCameBefore) {
  const RowShape shape = shape_of(1000, 1);
  const Rows rows(40, make_rows(shape.row_bytes, 1, 256)[0]);
  std::vector<std::byte> out;
  ScreenDeflate deflate;
  deflate.restart(shape, rows.size(), out);
  put_rows(deflate, std::span(rows).first(1));
  deflate.begin();
  put_rows(deflate, rows);
  deflate.end(true);
  EXPECT_LT(out.size(), 400U);
}

TEST(Huffman, LengthsAreOptimalAndComplete) {
  const std::vector<std::uint32_t> frequencies = {5, 9, 12, 13, 16, 45, 0};
  std::vector<std::uint8_t> lengths(7);
  huffman_lengths(frequencies, 15, lengths);  // Cormen et al., "Introduction to Algorithms", 16.3
  EXPECT_EQ(lengths, (std::vector<std::uint8_t>{4, 4, 3, 3, 3, 1, 0}));
}

TEST(Huffman, CutLengthsStillMakeACompleteCode) {
  std::vector<std::uint32_t> frequencies = {1, 1};
  while (frequencies.size() < 19) {
    frequencies.push_back(frequencies.back() + frequencies[frequencies.size() - 2]);
  }
  for (const unsigned most : {5U, 7U, 14U, 15U}) {
    std::vector<std::uint8_t> lengths(frequencies.size());
    huffman_lengths(frequencies, most, lengths);
    double sum = 0;
    for (const std::uint8_t length : lengths) {
      ASSERT_GE(length, 1U);
      ASSERT_LE(length, most);
      sum += 1.0 / (1U << length);
    }
    EXPECT_EQ(sum, 1.0) << most;
    EXPECT_TRUE(std::ranges::is_sorted(lengths, std::greater<>()));
  }
}

TEST(Huffman, CodesAreTheCanonicalOnesReversed) {
  // RFC 1951, 3.2.2: lengths 3,3,3,3,3,2,4,4 give 010,011,100,101,110,00,1110,1111.
  const std::vector<std::uint8_t> lengths = {3, 3, 3, 3, 3, 2, 4, 4};
  std::vector<std::uint16_t> codes(8);
  huffman_codes(lengths, codes);
  EXPECT_EQ(codes,
            (std::vector<std::uint16_t>{0b010, 0b110, 0b001, 0b101, 0b011, 0b00, 0b0111, 0b1111}));
}

TEST(DeflateKernels, Adler32EqualsLibdeflates) {
  const test::GuardedMemory memory(300000);
  for (const CpuTarget target : cpu_targets()) {
    for (std::size_t length = 0; length < 12000; length += length < 300 ? 1 : 331) {
      const auto bytes = memory.end(length);
      std::ranges::fill(bytes, std::uint8_t{255});  // the worst case for overflow
      if (length % 2 == 0) test::fill(bytes, static_cast<std::uint32_t>(length));
      ASSERT_EQ(deflate_kernels(target).adler32(0xFFF0FFF0U, bytes.data(), length),
                libdeflate_adler32(0xFFF0FFF0U, bytes.data(), length))
          << name(target) << ", " << length;
    }
  }
}

// Every target finds the same tokens, and reads nothing outside the band and its 64 bytes.
TEST(DeflateKernels, TokenizeEqualsTheScalarOne) {
  const test::GuardedMemory memory(64 + 258 + 64 + 64);
  std::vector<std::uint64_t> masks(4 * 8);
  const std::array shapes = {shape_of(1, 1), shape_of(1, 3), bitmap_rows, indexed_rows, rgb_rows};
  for (const CpuTarget target : cpu_targets()) {
    for (std::size_t length = 1; length <= 257; ++length) {
      for (std::size_t offset = 0; offset < 64; ++offset) {
        const auto bytes = memory.end(64 + length + 64 + 64 - offset);
        test::fill(bytes, static_cast<std::uint32_t>(length * 64 + offset), 2);
        std::vector<std::vector<std::uint8_t>> literals(2, std::vector<std::uint8_t>(400));
        std::vector<std::vector<Token>> tokens(2, std::vector<Token>(100));
        std::vector<std::size_t> counts;
        for (const CpuTarget which : {CpuTarget::scalar, target}) {
          const std::size_t i = counts.size();
          std::vector<std::uint32_t> hash(1U << hash_bits, 0);
          std::vector<std::uint32_t> near(1U << hash_bits, 0);
          std::vector<std::uint16_t> above(above_slots, 0);
          const std::size_t begin = offset % length;
          RowShape shape = shapes[(length + offset) % shapes.size()];
          shape.row_bytes = 1 + offset / (1 + length % 3 * 16);  // a line above, or not a row
          const Band band = {.data = bytes.data() + 64,
                             .begin = begin,
                             .end = length,
                             .history = begin,
                             .position = 1U << 17U,
                             .shape = shape,
                             .hash = hash.data(),
                             .near = near.data(),
                             .above = above.data(),
                             .masks = masks.data(),
                             .is_dense = length % 2 == 0};
          TokenSink sink = {literals[i].data(), tokens[i].data(), 0};
          deflate_kernels(which).tokenize(band, sink);
          counts.push_back(static_cast<std::size_t>(sink.tokens - tokens[i].data()));
          std::fill(sink.literals, literals[i].data() + 400, std::uint8_t{0});
        }
        ASSERT_EQ(counts[0], counts[1]) << name(target) << length << ", " << offset;
        ASSERT_EQ(literals[0], literals[1]) << name(target) << length << ", " << offset;
        ASSERT_EQ(std::memcmp(tokens[0].data(), tokens[1].data(), counts[0] * sizeof(Token)), 0);
      }
    }
  }
}

}  // namespace
}  // namespace qmpshot::encode
