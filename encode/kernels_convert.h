// SPDX-License-Identifier: MIT
// Pixels from one format to another. Private to encode.
#pragma once

#include "encode/kernels.h"

#include <cstddef>
#include <cstdint>

namespace qmpshot::encode {

// One row each, X set to 255; `in` and `out` hold count_px pixels and do not overlap, whatever
// their alignment.
struct ConvertKernels {
  void (*rgb_from_xrgb)(const std::uint8_t* in, std::uint8_t* out, std::size_t count_px);
  void (*xrgb_from_rgb)(const std::uint8_t* in, std::uint8_t* out, std::size_t count_px);
  void (*bgr_from_rgb)(const std::uint8_t* in, std::uint8_t* out, std::size_t count_px);
};

const ConvertKernels& convert_kernels(CpuTarget target = cpu_target()) noexcept;

}  // namespace qmpshot::encode
