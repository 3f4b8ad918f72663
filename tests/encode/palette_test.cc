// SPDX-License-Identifier: MIT
// The order of colours. That rows are mapped to them, the kernels' tests and every PNG show.
#include "encode/palette.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

namespace qmpshot::encode {
namespace {

using Colour = std::array<std::uint8_t, 3>;

Colour colour(std::uint32_t i) {
  return {static_cast<std::uint8_t>(i * 7), static_cast<std::uint8_t>(i), 200};
}

std::vector<std::byte> row_of(const std::vector<Colour>& colours) {
  std::vector<std::byte> row;
  for (const Colour& one : colours) {
    for (const std::uint8_t channel : one) row.push_back(std::byte{channel});
  }
  return row;
}

std::vector<Colour> numbered(std::uint32_t count) {
  std::vector<Colour> colours;
  for (std::uint32_t i = 0; i < count; ++i) colours.push_back(colour(i));
  return colours;
}

TEST(Palette, ColoursAreInTheOrderOfTheirAppearance) {
  Palette palette(PixelFormat::rgb24);
  ASSERT_TRUE(palette.add_colours(row_of({colour(3), colour(1), colour(3), colour(2)})));
  EXPECT_EQ(palette.colours(), (std::vector<Colour>{colour(3), colour(1), colour(2)}));
}

TEST(Palette, AColourPutFirstIsIndexZeroAndTheOthersStayInOrder) {
  for (const std::uint32_t count : {1U, 2U, 7U, 16U, 17U, 256U}) {
    for (const std::uint32_t which : {0U, count / 2, count - 1}) {
      std::vector<Colour> expected = numbered(count);
      const std::vector<std::byte> row = row_of(expected);
      Palette palette(PixelFormat::rgb24);
      ASSERT_TRUE(palette.add_colours(row));
      palette.put_first(row_of({colour(which)}));
      expected.erase(expected.begin() + which);
      expected.insert(expected.begin(), colour(which));
      ASSERT_EQ(palette.colours(), expected) << count;
      // And it finds them there.
      std::vector<std::uint8_t> indices(count + Palette::slack);
      ASSERT_TRUE(palette.map_row(row, 8, indices.data()));
      ASSERT_EQ(palette.size(), count);
      for (std::uint32_t i = 0; i < count; ++i) ASSERT_EQ(expected[indices[i]], colour(i)) << count;
    }
  }
}

TEST(Palette, WhatIsNotThereIsNotPutFirst) {
  Palette palette(PixelFormat::rgb24);
  ASSERT_TRUE(palette.add_colours(row_of(numbered(3))));
  palette.put_first(row_of({colour(9)}));
  EXPECT_EQ(palette.colours(), numbered(3));
}

}  // namespace
}  // namespace qmpshot::encode
