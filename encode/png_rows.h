// SPDX-License-Identifier: MIT
// A frame's rows as PNG has them, filter byte first. Private to encode.
#pragma once

#include "encode/kernels_convert.h"
#include "encode/kernels_filter.h"

#include <qmpshot/image.h>

#include <cstddef>
#include <cstdint>
#include <memory>

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

// What a sample of a frame's rows shows.
struct Character {
  bool is_shaded = false;  // more than half of it are gradients and photos
  bool is_noisy = false;   // more than a quarter of it are photos
};
Character character(const ImageView& image, SampleRows::Kind kind);

// The filter that a glance at the current row recommends: none where a row repeats what is above it
// or to the left, as text and flat areas do; else "Sub" or "Up", or in a photo "Average", whichever
// leaves least.
//   in_shaded  whether the frame is_shaded: its gradients are filtered too. Elsewhere they are not,
//              because a row of letters cannot repeat one that is filtered otherwise.
std::uint8_t quick_filter(const SampleRows& rows, std::uint32_t y, bool in_shaded);

// Writes the current row, filtered by one of these, not the first by "Average": the filter's byte,
// then row_bytes().
void write_filtered(const SampleRows& rows, std::uint8_t filter, std::uint8_t* to);

}  // namespace qmpshot::encode
