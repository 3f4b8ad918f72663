// SPDX-License-Identifier: MIT
// How two rows differ. Private to encode.
#pragma once

#include "encode/kernels.h"

#include <cstddef>
#include <cstdint>

namespace qmpshot::encode {

// Both rows hold `count_px` pixels of the same format; xrgb8888's fourth byte never counts. Rows
// that are equal as bytes are memcmp's business, which is faster still.
struct CompareKernels {
  bool (*equal_xrgb)(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px);

  // How many pixels differ.
  std::size_t (*changed_rgb)(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px);
  std::size_t (*changed_xrgb)(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px);

  // The sum of the squared differences of the three channels. At most max_side_px pixels.
  std::uint64_t (*squares_rgb)(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px);
  std::uint64_t (*squares_xrgb)(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px);
};

const CompareKernels& compare_kernels(CpuTarget target = cpu_target()) noexcept;

}  // namespace qmpshot::encode
