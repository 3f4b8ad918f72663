// SPDX-License-Identifier: MIT
// Weighted sums of rows and of pixels: all that scaling needs. Private to encode.
//
// Sums are taken of a bent byte, b(v) = (v * v + v) / 2: about the light that v stands for (gamma
// 2, with a gentle start near black), exact in 16 bits, and back by one square root. Why light:
// looked at side by side, a console at half its size is bold and easy to read, where the mean of
// the bytes leaves its thin bright strokes grey; dark text on white gets lighter, but stays
// readable. Weights are in 1/16384 and sum up to 16384; a sum is rounded to nearest and held to 16
// bits.
#pragma once

#include "encode/kernels.h"

#include <cstddef>
#include <cstdint>

namespace qmpshot::encode {

inline constexpr int scale_weight_bits = 14;
inline constexpr std::int32_t scale_weight_one = 1 << scale_weight_bits;

// Samples behind its rows that weigh_pixels may read, or overwrite with what has no meaning.
inline constexpr std::size_t scale_row_padding = 16;

// The pixels that make one output pixel, along one axis.
struct ScaleTaps {
  std::uint32_t first = 0;  // of the source pixels
  std::uint32_t count = 0;  // even: the last weight may be 0 for a pixel that is not there
  const std::int16_t* weights = nullptr;
};

struct ScaleKernels {
  // out[i] = sum over k of weights[k] * b(rows[k][i]); `count` rows (even) of `samples` bytes.
  void (*weigh_rows)(const std::uint8_t* const* rows, const std::int16_t* weights,
                     std::size_t count, std::int16_t* out, std::size_t samples);

  // out[p * channels + c] = sum over k of weights[k] * row[(first + k) * channels + c], with
  // taps[p] for pixel p; channels is 3 or 4. Both rows have scale_row_padding samples behind them.
  void (*weigh_pixels)(const std::int16_t* row, const ScaleTaps* taps, std::size_t pixels,
                       std::size_t channels, std::int16_t* out);

  // The v whose b(v) is nearest to in[i], the larger one of two; 0 and 255 beyond the ends.
  void (*unbend)(const std::int16_t* in, std::uint8_t* out, std::size_t samples);
};

const ScaleKernels& scale_kernels(CpuTarget target = cpu_target()) noexcept;

}  // namespace qmpshot::encode
