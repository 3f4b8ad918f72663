// SPDX-License-Identifier: MIT
#include "encode/png_filters.h"

#include <algorithm>
#include <bitset>
#include <cstdlib>
#include <memory>

namespace qmpshot::encode {
namespace {

constexpr unsigned filters = 5;

std::uint8_t paeth(int left, int above, int corner) noexcept {
  const int guess = left + above - corner;
  const int to_left = std::abs(guess - left);
  const int to_above = std::abs(guess - above);
  const int to_corner = std::abs(guess - corner);
  if (to_left <= to_above && to_left <= to_corner) return static_cast<std::uint8_t>(left);
  return static_cast<std::uint8_t>(to_above <= to_corner ? above : corner);
}

// `above` is a row of zeros for the first one.
void filter_row(std::span<const std::uint8_t> row, const std::uint8_t* above,
                std::size_t pixel_bytes, unsigned filter, std::uint8_t* out) noexcept {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const int left = i < pixel_bytes ? 0 : row[i - pixel_bytes];
    const int corner = i < pixel_bytes ? 0 : above[i - pixel_bytes];
    int guess = 0;
    if (filter == 1) guess = left;
    if (filter == 2) guess = above[i];
    if (filter == 3) guess = (left + above[i]) / 2;
    if (filter == 4) guess = paeth(left, above[i], corner);
    out[i] = static_cast<std::uint8_t>(row[i] - guess);
  }
}

class Judge {
 public:
  explicit Judge(FilterWay way) : way_(way) {}

  // The less, the better.
  std::size_t cost(std::span<const std::uint8_t> filtered) noexcept {
    if (way_ == FilterWay::fewest_pairs) return pairs(filtered);
    std::size_t sum = 0;
    for (const std::uint8_t byte : filtered) sum += byte < 128 ? byte : 256U - byte;
    return sum;
  }

 private:
  std::size_t pairs(std::span<const std::uint8_t> filtered) noexcept {
    seen_.reset();
    for (std::size_t i = 1; i < filtered.size(); ++i) {
      seen_[filtered[i - 1] * std::size_t{256} + filtered[i]] = true;
    }
    return seen_.count();
  }

  FilterWay way_;
  std::bitset<65536> seen_;
};

}  // namespace

std::vector<std::uint8_t> filter_rows(const RawRows& rows, FilterWay way) {
  const std::size_t width = rows.row_bytes;
  const std::size_t count = rows.bytes.size() / width;
  const std::vector<std::uint8_t> zeros(width);
  std::vector<std::uint8_t> out(count * (width + 1));
  std::vector<std::uint8_t> tried(width);
  const auto judge = std::make_unique<Judge>(way);
  const bool fixed = static_cast<unsigned>(way) < filters;
  for (std::size_t y = 0; y < count; ++y) {
    const auto row = std::span(rows.bytes).subspan(y * width, width);
    const std::uint8_t* above = y == 0 ? zeros.data() : row.data() - width;
    std::uint8_t* const to = out.data() + y * (width + 1);
    std::size_t best = static_cast<std::size_t>(-1);
    for (unsigned filter = 0; filter < filters; ++filter) {
      if (fixed && filter != static_cast<unsigned>(way)) continue;
      filter_row(row, above, rows.pixel_bytes, filter, tried.data());
      const std::size_t cost = fixed ? 0 : judge->cost(tried);
      if (cost >= best) continue;
      best = cost;
      to[0] = static_cast<std::uint8_t>(filter);
      std::ranges::copy(tried, to + 1);
    }
  }
  return out;
}

}  // namespace qmpshot::encode
