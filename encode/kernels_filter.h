// SPDX-License-Identifier: MIT
// Rows of bytes to rows that compress better: PNG's filters and what chooses among them. Private to
// encode.
#pragma once

#include "encode/kernels.h"

#include <qmpshot/image.h>

#include <cstddef>
#include <cstdint>

namespace qmpshot::encode {

struct FilterKernels {
  // out[i] = row[i] - above[i]: PNG's filter type 2, "Up".
  void (*up)(const std::uint8_t* row, const std::uint8_t* above, std::size_t count,
             std::uint8_t* out);

  // How many bytes equal neither the one above nor the one pixel_bytes before. The first
  // pixel_bytes bytes have none before them.
  std::size_t (*count_novel)(const std::uint8_t* row, const std::uint8_t* above, std::size_t count,
                             std::size_t pixel_bytes);

  // The levels of pixels that are grey: each one's first byte.
  void (*grey)(const std::uint8_t* in, PixelFormat format, std::size_t count_px, std::uint8_t* out);
};

const FilterKernels& filter_kernels(CpuTarget target = cpu_target()) noexcept;

}  // namespace qmpshot::encode
