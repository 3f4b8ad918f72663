// SPDX-License-Identifier: MIT
// A frame's rows as PNG has them, filter byte first. Private to encode.
#pragma once

#include "encode/kernels_convert.h"
#include "encode/kernels_filter.h"

#include <qmpshot/image.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace qmpshot::encode {

// The filters of PNG (9.2) that are used here.
inline constexpr std::uint8_t filter_none = 0;
inline constexpr std::uint8_t filter_sub = 1;
inline constexpr std::uint8_t filter_up = 2;
inline constexpr std::uint8_t filter_average = 3;

// Rows of samples, one byte each: R, G, B, or grey where all pixels are. The last two are kept,
// which is what filters need.
class SampleRows {
 public:
  enum class Kind : std::uint8_t { rgb, grey };
  SampleRows(const ImageView& image, Kind kind);

  [[nodiscard]] std::size_t pixel_bytes() const noexcept { return kind_ == Kind::rgb ? 3 : 1; }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return row_bytes_; }

  // Makes row y the current one; rows are taken in order.
  void take(std::uint32_t y);

  [[nodiscard]] const std::uint8_t* current() const noexcept { return current_; }
  [[nodiscard]] const std::uint8_t* above() const noexcept { return above_; }  // nullptr in row 0

 private:
  const ImageView* image_;
  Kind kind_;
  std::size_t row_bytes_;
  const std::uint8_t* current_ = nullptr;
  const std::uint8_t* above_ = nullptr;
  std::unique_ptr<std::uint8_t[]> scratch_;  // two rows, where the image's own do not serve
  const ConvertKernels* convert_ = &convert_kernels();
  const FilterKernels* filter_ = &filter_kernels();
};

// A frame is first looked at here and there: every 16th row, because a line of text is that high.
inline constexpr std::uint32_t sample_rows = 16;

// Which filters the rows of a frame get, by a glance at some of them. Rows that are filtered
// otherwise cannot repeat each other, so that 16 share one; in a noisy frame, where hardly anything
// repeats, each has its own.
class FilterChoice {
 public:
  FilterChoice(const ImageView& image, SampleRows::Kind kind);

  // Whether more than half of the sampled rows are of gradients and photos.
  [[nodiscard]] bool is_shaded() const noexcept { return is_shaded_; }

  // Whether more than a quarter of them are of photos.
  [[nodiscard]] bool is_noisy() const noexcept { return is_noisy_; }

  // For row y, the current one.
  [[nodiscard]] std::uint8_t filter(const SampleRows& rows, std::uint32_t y) const;

 private:
  bool is_shaded_ = false;
  bool is_noisy_ = false;
  std::vector<std::uint8_t> filters_;  // of each sample_rows rows; none in a noisy frame
};

// Writes the current row, filtered by one of these, not the first by "Average": the filter's byte,
// then row_bytes().
void write_filtered(const SampleRows& rows, std::uint8_t filter, std::uint8_t* to);

}  // namespace qmpshot::encode
