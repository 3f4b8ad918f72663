// SPDX-License-Identifier: MIT
#include "encode/kernels_scale.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/kernels_scale.cc"
#include "encode/kernels_targets.h"

#include <hwy/highway.h>

// The scalar specification stands first, outside the targets, because their tails use it.
#ifndef QMPSHOT_KERNELS_SCALE_SCALAR
#define QMPSHOT_KERNELS_SCALE_SCALAR
namespace qmpshot::encode {
namespace {

constexpr std::int16_t most_bent = (255 * 255 + 255) / 2;

std::int16_t rounded(std::int32_t sum) {
  const std::int32_t value = (sum + scale_weight_one / 2) >> scale_weight_bits;
  return static_cast<std::int16_t>(std::clamp(value, -32768, 32767));
}

void weigh_rows_from(std::size_t from, const std::uint8_t* const* rows, const std::int16_t* weights,
                     std::size_t count, std::int16_t* out, std::size_t samples) {
  for (std::size_t i = from; i < samples; ++i) {
    std::int32_t sum = 0;
    for (std::size_t k = 0; k < count; ++k) {
      const std::int32_t v = rows[k][i];
      sum += weights[k] * ((v * v + v) / 2);
    }
    out[i] = rounded(sum);
  }
}

void weigh_rows(const std::uint8_t* const* rows, const std::int16_t* weights, std::size_t count,
                std::int16_t* out, std::size_t samples) {
  weigh_rows_from(0, rows, weights, count, out, samples);
}

void weigh_pixels(const std::int16_t* row, const ScaleTaps* taps, std::size_t pixels,
                  std::size_t channels, std::int16_t* out) {
  for (std::size_t p = 0; p < pixels; ++p) {
    for (std::size_t c = 0; c < channels; ++c) {
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < taps[p].count; ++k) {
        sum += taps[p].weights[k] * row[(taps[p].first + k) * channels + c];
      }
      *out++ = rounded(sum);
    }
  }
}

// b(v) = t where v = (sqrt(8 t + 1) - 1) / 2; half more rounds to nearest. 8 t + 1 is exact as a
// float and odd, so that no correctly rounded root crosses the next even number.
void unbend(const std::int16_t* in, std::uint8_t* out, std::size_t samples) {
  for (std::size_t i = 0; i < samples; ++i) {
    const std::int16_t t = std::clamp<std::int16_t>(in[i], 0, most_bent);
    out[i] = static_cast<std::uint8_t>(std::sqrt(static_cast<float>(8 * t + 1)) / 2);
  }
}

}  // namespace
}  // namespace qmpshot::encode
#endif

#if QMPSHOT_VECTOR_TARGET
HWY_BEFORE_NAMESPACE();
namespace qmpshot::encode::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using D16 = hn::ScalableTag<std::int16_t>;
using D32 = hn::Repartition<std::int32_t, D16>;
using Block16 = hn::FixedTag<std::int16_t, 8>;  // two pixels, whatever the vectors' size
using Block32 = hn::FixedTag<std::int32_t, 4>;

// v * v + v is at most 65280: 16 bits without sign suffice.
HWY_INLINE hn::Vec<D16> load_bent(const std::uint8_t* from) {
  const hn::Rebind<std::uint8_t, D16> d8;
  const hn::RebindToUnsigned<D16> du16;
  const auto v = hn::PromoteTo(du16, hn::LoadU(d8, from));
  return hn::BitCast(D16(), hn::ShiftRight<1>(hn::Add(hn::Mul(v, v), v)));
}

// Two weights, over and over.
template <class D>
HWY_INLINE hn::Vec<D> two_weights(D d, const std::int16_t* weights) {
  std::int32_t both;
  hwy::CopyBytes<4>(weights, &both);
  return hn::BitCast(d, hn::Set(hn::Repartition<std::int32_t, D>(), both));
}

template <class V>
HWY_INLINE V rounded(V sum_even, V sum_odd) {
  const hn::DFromV<V> d;
  const auto sum = hn::RearrangeToOddPlusEven(sum_even, sum_odd);
  return hn::ShiftRight<scale_weight_bits>(hn::Add(sum, hn::Set(d, scale_weight_one / 2)));
}

// Two rows at a time, interleaved: one instruction multiplies both and adds the products.
void weigh_rows(const std::uint8_t* const* rows, const std::int16_t* weights, std::size_t count,
                std::int16_t* out, std::size_t samples) {
  const D16 d16;
  const D32 d32;
  const std::size_t step = hn::Lanes(d16);
  std::size_t i = 0;
  for (; i + step <= samples; i += step) {
    auto lower_even = hn::Zero(d32);
    auto lower_odd = hn::Zero(d32);
    auto upper_even = hn::Zero(d32);
    auto upper_odd = hn::Zero(d32);
    for (std::size_t k = 0; k < count; k += 2) {
      const auto a = load_bent(rows[k] + i);
      const auto b = load_bent(rows[k + 1] + i);
      const auto w = two_weights(d16, weights + k);
      lower_even = hn::ReorderWidenMulAccumulate(d32, hn::InterleaveLower(d16, a, b), w, lower_even,
                                                 lower_odd);
      upper_even = hn::ReorderWidenMulAccumulate(d32, hn::InterleaveUpper(d16, a, b), w, upper_even,
                                                 upper_odd);
    }
    // The demotion works within blocks of 16 bytes, as the interleaving did, and undoes its order.
    hn::StoreU(
        hn::ReorderDemote2To(d16, rounded(lower_even, lower_odd), rounded(upper_even, upper_odd)),
        d16, out + i);
  }
  encode::weigh_rows_from(i, rows, weights, count, out, samples);
}

template <std::size_t channels>
void weigh_pixels_of(const std::int16_t* row, const ScaleTaps* taps, std::size_t pixels,
                     std::int16_t* out) {
  const Block16 d16;
  const Block32 d32;
  const hn::Half<Block16> half;
  for (std::size_t p = 0; p < pixels; ++p, out += channels) {
    auto even = hn::Zero(d32);
    auto odd = hn::Zero(d32);
    const std::int16_t* at = row + taps[p].first * channels;
    for (std::size_t k = 0; k < taps[p].count; k += 2, at += 2 * channels) {
      const auto two = hn::LoadU(d16, at);
      const auto second = hn::ShiftRightLanes<static_cast<int>(channels)>(d16, two);
      even = hn::ReorderWidenMulAccumulate(d32, hn::InterleaveLower(d16, two, second),
                                           two_weights(d16, taps[p].weights + k), even, odd);
    }
    // Of three channels the fourth is the next pixel's first, which is written after it.
    hn::StoreU(hn::DemoteTo(half, rounded(even, odd)), half, out);
  }
}

void weigh_pixels(const std::int16_t* row, const ScaleTaps* taps, std::size_t pixels,
                  std::size_t channels, std::int16_t* out) {
  if (channels == 3) return weigh_pixels_of<3>(row, taps, pixels, out);
  weigh_pixels_of<4>(row, taps, pixels, out);
}

void unbend(const std::int16_t* in, std::uint8_t* out, std::size_t samples) {
  const hn::ScalableTag<float> df;
  const hn::RebindToSigned<decltype(df)> d32;
  const hn::Rebind<std::int16_t, decltype(df)> d16;
  const hn::Rebind<std::uint8_t, decltype(df)> d8;
  const std::size_t step = hn::Lanes(df);
  for (; samples >= step; samples -= step, in += step, out += step) {
    auto t = hn::PromoteTo(d32, hn::LoadU(d16, in));
    t = hn::Min(hn::Max(t, hn::Zero(d32)), hn::Set(d32, most_bent));
    const auto square = hn::Add(hn::ShiftLeft<3>(t), hn::Set(d32, 1));
    const auto root = hn::Sqrt(hn::ConvertTo(df, square));
    const auto v = hn::ConvertTo(d32, hn::Mul(root, hn::Set(df, 0.5F)));
    hn::StoreU(hn::DemoteTo(d8, v), d8, out);
  }
  encode::unbend(in, out, samples);
}

}  // namespace

constexpr ScaleKernels scale = {weigh_rows, weigh_pixels, unbend};

}  // namespace qmpshot::encode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace qmpshot::encode {
namespace {
constexpr ScaleKernels scalar_scale = {weigh_rows, weigh_pixels, unbend};
}

const ScaleKernels& scale_kernels(CpuTarget target) noexcept {
  QMPSHOT_PICK(target, scale, scalar_scale)
}

}  // namespace qmpshot::encode
#endif
