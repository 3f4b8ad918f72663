// SPDX-License-Identifier: MIT
// Whole frames of samples, filtered in every way that PNG has (9.2). For the smallest file only:
// plain loops. Private to encode.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qmpshot::encode {

// Rows of packed samples, one after the other.
struct RawRows {
  std::vector<std::uint8_t> bytes;
  std::size_t row_bytes = 0;
  std::size_t pixel_bytes = 1;  // 1 for pixels smaller than a byte
};

// One filter for all rows, or one for each row: that with the least sum of differences, which is
// what libpng does, or with the fewest different pairs of bytes, which suits text better (as oxipng
// has it).
enum class FilterWay : std::uint8_t { none, sub, up, average, paeth, least_sum, fewest_pairs };
inline constexpr std::array filter_ways = {
    FilterWay::none,  FilterWay::sub,       FilterWay::up,          FilterWay::average,
    FilterWay::paeth, FilterWay::least_sum, FilterWay::fewest_pairs};

// Each row its filter's byte, then the filtered bytes.
std::vector<std::uint8_t> filter_rows(const RawRows& rows, FilterWay way);

}  // namespace qmpshot::encode
