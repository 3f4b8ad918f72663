// SPDX-License-Identifier: MIT
// Rows of bytes to rows that compress better: PNG's filters and what chooses among them. Private to
// encode.
#pragma once

#include "encode/kernels.h"

#include <qmpshot/image.h>

#include <cstddef>
#include <cstdint>

namespace qmpshot::encode {

// What a filter could do for a row.
struct RowSurvey {
  std::size_t seen = 0;     // bytes looked at
  std::size_t novel = 0;    // those that equal neither the one above nor the one to the left
  std::size_t sub = 0;      // the sum of differences to the left, a difference of 255 counting 1
  std::size_t up = 0;       // and to above
  std::size_t average = 0;  // and to the mean of both, rounded down
};

struct FilterKernels {
  // out[i] = a[i] - b[i], modulo 256: PNG's filters "Sub" and "Up", by what `b` is.
  void (*subtract)(const std::uint8_t* a, const std::uint8_t* b, std::size_t count,
                   std::uint8_t* out);

  // out[i] = in[i] - (left[i] + above[i]) / 2, modulo 256: PNG's filter "Average".
  void (*subtract_average)(const std::uint8_t* in, const std::uint8_t* left,
                           const std::uint8_t* above, std::size_t count, std::uint8_t* out);

  // Looks at the bytes from pixel_bytes on, at the first 64 of every `every`, a multiple of 64.
  RowSurvey (*survey)(const std::uint8_t* row, const std::uint8_t* above, std::size_t count,
                      std::size_t pixel_bytes, std::size_t every);

  // The levels of pixels that are grey: each one's first byte.
  void (*grey)(const std::uint8_t* in, PixelFormat format, std::size_t count_px, std::uint8_t* out);
};

const FilterKernels& filter_kernels(CpuTarget target = cpu_target()) noexcept;

}  // namespace qmpshot::encode
