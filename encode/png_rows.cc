// SPDX-License-Identifier: MIT
#include "encode/png_rows.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace qmpshot::encode {
namespace {

// A row is part of a photo where more than one byte in so many is found neither above nor to the
// left. Measured on desktops.
constexpr std::size_t novel_share = 12;

// And wholly where more than one in so many is. Elsewhere "Average" hides repeats: with it letters
// smoothed on a window are 2 % larger.
constexpr std::size_t photo_share = 4;

// Of a wide row a quarter is looked at, the same one in each.
constexpr std::size_t wide_bytes = 2048;
constexpr std::size_t wide_every = 256;

// A row is part of a gradient where what is novel differs by so little, in the mean, from its
// neighbours: letters differ by some hundred. Measured on desktops.
constexpr std::size_t gradient_step = 12;

RowSurvey survey(const SampleRows& rows) {
  const std::size_t every = rows.row_bytes() < wide_bytes ? 64 : wide_every;
  return filter_kernels().survey(rows.current(), rows.above(), rows.row_bytes(), rows.pixel_bytes(),
                                 every);
}

bool is_of_photo(const RowSurvey& row) {
  return row.novel > row.seen / novel_share;
}

bool is_of_gradient(const RowSurvey& row) {
  return row.novel > 0 && std::min(row.sub, row.up) <= gradient_step * row.novel;
}

// None where a row repeats what is above it or to the left, as text and flat areas do; else "Sub"
// or "Up", or in a photo "Average", whichever leaves least. Gradients are filtered in a shaded
// frame only: elsewhere letters stand on them.
std::uint8_t best_filter(const RowSurvey& row, bool in_shaded) {
  const bool filters = is_of_photo(row) || (in_shaded && is_of_gradient(row));
  if (!filters) return filter_none;
  const bool is_all_photo = row.novel > row.seen / photo_share;
  if (is_all_photo && row.average < std::min(row.sub, row.up)) return filter_average;
  return row.sub <= row.up ? filter_sub : filter_up;
}

}  // namespace

SampleRows::SampleRows(const ImageView& image, Kind kind)
    : image_(&image),
      kind_(kind),
      row_bytes_(std::size_t{image.width_px} * (kind == Kind::rgb ? 3 : 1)) {
  if (kind == Kind::grey || image.format != PixelFormat::rgb24) {
    scratch_ = std::make_unique_for_overwrite<std::uint8_t[]>(2 * row_bytes_);
  }
}

void SampleRows::take(std::uint32_t y) {
  above_ = current_;
  const auto* row = reinterpret_cast<const std::uint8_t*>(image_->row(y).data());
  current_ = row;
  if (scratch_ == nullptr) return;
  std::uint8_t* const own = scratch_.get() + y % 2 * row_bytes_;
  current_ = own;
  if (kind_ == Kind::grey) {
    filter_->grey(row, image_->format, image_->width_px, own);
  } else {
    convert_->rgb_from_xrgb(row, own, image_->width_px);
  }
}

FilterChoice::FilterChoice(const ImageView& image, SampleRows::Kind kind) {
  SampleRows rows(image, kind);
  std::vector<RowSurvey> seen;
  std::size_t photo = 0;
  std::size_t gradient = 0;
  const std::uint32_t first = std::max(std::min(sample_rows, image.height_px) / 2, 1U);
  for (std::uint32_t y = first; y < image.height_px; y += sample_rows) {
    rows.take(y - 1);
    rows.take(y);
    seen.push_back(survey(rows));
    if (is_of_photo(seen.back())) {
      ++photo;
    } else if (is_of_gradient(seen.back())) {
      ++gradient;
    }
  }
  is_noisy_ = 4 * photo > seen.size();
  is_shaded_ = 2 * (photo + gradient) > seen.size();
  if (is_noisy_) return;
  for (const RowSurvey& row : seen) filters_.push_back(best_filter(row, is_shaded_));
}

std::uint8_t FilterChoice::filter(const SampleRows& rows, std::uint32_t y) const {
  if (y == 0) return filter_none;
  if (is_noisy_) return best_filter(survey(rows), is_shaded_);
  if (filters_.empty()) return filter_none;
  return filters_[std::min<std::size_t>(y / sample_rows, filters_.size() - 1)];
}

void write_filtered(const SampleRows& rows, std::uint8_t filter, std::uint8_t* to) {
  const FilterKernels& kernels = filter_kernels();
  const std::size_t count = rows.row_bytes();
  const std::size_t left = rows.pixel_bytes();
  *to++ = filter;
  if (filter == filter_none) {
    std::memcpy(to, rows.current(), count);
  } else if (filter == filter_up) {
    kernels.subtract(rows.current(), rows.above(), count, to);
  } else if (filter == filter_average) {
    const std::array<std::uint8_t, 4> none{};  // left of the first pixel
    kernels.subtract_average(rows.current(), none.data(), rows.above(), left, to);
    kernels.subtract_average(rows.current() + left, rows.current(), rows.above() + left,
                             count - left, to + left);
  } else {
    std::memcpy(to, rows.current(), left);
    kernels.subtract(rows.current() + left, rows.current(), count - left, to + left);
  }
}

}  // namespace qmpshot::encode
