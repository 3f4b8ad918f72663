// SPDX-License-Identifier: MIT
// How two rows differ. Private to encode.
#pragma once

#include "encode/kernels.h"

#include <cstddef>
#include <cstdint>

namespace qmpshot::encode {

// Both rows hold `count_px` pixels of the same format; xrgb8888's fourth byte never counts.
struct CompareKernels {
  // As memcmp, but made for rows that mostly are equal and are in cache.
  bool (*equal_bytes)(const std::uint8_t* a, const std::uint8_t* b, std::size_t count);

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
