// SPDX-License-Identifier: MIT
#include "encode/kernels_deflate.h"

#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/kernels_deflate.cc"
#include "encode/kernels_targets.h"

#include <hwy/highway.h>

#ifndef QMPSHOT_KERNELS_DEFLATE_ADLER
#define QMPSHOT_KERNELS_DEFLATE_ADLER
namespace qmpshot::encode {
namespace {

// The most, in whole blocks, that cannot overflow 32 bits between two divisions (zlib's NMAX is
// 5552).
constexpr std::size_t adler_bytes = 5504;

// Of two or three masks that are made at once: how far back each looks, and where it goes.
struct Distances {
  std::size_t first, second, third;
};
struct MaskWords {
  std::uint64_t *first, *second, *third;
};

struct AdlerSums {
  std::uint32_t plain;     // of the bytes
  std::uint32_t weighted;  // each times how many come from it on
};

}  // namespace
}  // namespace qmpshot::encode
#endif

#if QMPSHOT_VECTOR_TARGET
HWY_BEFORE_NAMESPACE();
namespace qmpshot::encode::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

inline void equal_masks(const std::uint8_t* a, const std::uint8_t* b, std::size_t words,
                        std::uint64_t* out) {
  const hn::CappedTag<std::uint8_t, 64> d;
  auto* bits = reinterpret_cast<std::uint8_t*>(out);
  for (std::size_t at = 0; at < 64 * words; at += hn::Lanes(d)) {
    hn::StoreMaskBits(d, hn::Eq(hn::LoadU(d, a + at), hn::LoadU(d, b + at)), bits + at / 8);
  }
}

// Of up to three distances at once: the bytes themselves are loaded once.
template <bool has_third>
inline void equal_masks_of(const std::uint8_t* a, std::size_t words, Distances distances,
                           MaskWords out) {
  const hn::CappedTag<std::uint8_t, 64> d;
  auto* const first = reinterpret_cast<std::uint8_t*>(out.first);
  auto* const second = reinterpret_cast<std::uint8_t*>(out.second);
  auto* const third = reinterpret_cast<std::uint8_t*>(out.third);
  for (std::size_t at = 0; at < 64 * words; at += hn::Lanes(d)) {
    const auto here = hn::LoadU(d, a + at);
    hn::StoreMaskBits(d, hn::Eq(here, hn::LoadU(d, a + at - distances.first)), first + at / 8);
    hn::StoreMaskBits(d, hn::Eq(here, hn::LoadU(d, a + at - distances.second)), second + at / 8);
    if constexpr (has_third) {
      hn::StoreMaskBits(d, hn::Eq(here, hn::LoadU(d, a + at - distances.third)), third + at / 8);
    }
  }
}

// Within a vector by weights, and each vector counts once more for every one behind it.
inline AdlerSums adler_sums(const std::uint8_t* bytes, std::size_t count) {
  const hn::CappedTag<std::uint8_t, 64> d;
  const hn::Repartition<std::int16_t, decltype(d)> d16;
  const hn::Repartition<std::int32_t, decltype(d)> d32;
  const hn::Repartition<std::uint64_t, decltype(d)> d64;
  const std::size_t step = hn::Lanes(d);
  const auto low = hn::Set(d16, 255);
  // Lane i of 16 bits holds bytes 2 i and 2 i + 1.
  const auto second = hn::Sub(hn::Set(d16, static_cast<std::int16_t>(step - 1)),
                              hn::Add(hn::Iota(d16, 0), hn::Iota(d16, 0)));
  const auto first = hn::Add(second, hn::Set(d16, 1));
  auto plain = hn::Zero(d64);
  auto before = hn::Zero(d64);
  auto weighted = hn::Zero(d32);
  auto weighted_more = hn::Zero(d32);
  for (std::size_t at = 0; at < count; at += step) {
    const auto block = hn::LoadU(d, bytes + at);
    const auto pairs = hn::BitCast(d16, block);
    before = hn::Add(before, plain);
    plain = hn::Add(plain, hn::SumsOf8(block));
    weighted =
        hn::ReorderWidenMulAccumulate(d32, hn::And(pairs, low), first, weighted, weighted_more);
    weighted = hn::ReorderWidenMulAccumulate(d32, hn::And(hn::ShiftRight<8>(pairs), low), second,
                                             weighted, weighted_more);
  }
  const auto sum = [&](auto lanes) {
    return static_cast<std::uint32_t>(hn::GetLane(hn::SumOfLanes(d64, lanes)));
  };
  const auto all = hn::GetLane(hn::SumOfLanes(d32, hn::Add(weighted, weighted_more)));
  return {sum(plain),
          static_cast<std::uint32_t>(all) + static_cast<std::uint32_t>(step) * sum(before)};
}

#include "encode/kernels_deflate-inl.h"

}  // namespace

constexpr DeflateKernels deflate = {adler32, tokenize, emit};

}  // namespace qmpshot::encode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace qmpshot::encode {
namespace scalar {
namespace {

inline void equal_masks(const std::uint8_t* a, const std::uint8_t* b, std::size_t words,
                        std::uint64_t* out) {
  for (std::size_t w = 0; w < words; ++w) {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < 64; ++i) {
      mask |= std::uint64_t{a[64 * w + i] == b[64 * w + i]} << i;
    }
    out[w] = mask;
  }
}

template <bool has_third>
inline void equal_masks_of(const std::uint8_t* a, std::size_t words, Distances distances,
                           MaskWords out) {
  equal_masks(a, a - distances.first, words, out.first);
  equal_masks(a, a - distances.second, words, out.second);
  if constexpr (has_third) equal_masks(a, a - distances.third, words, out.third);
}

inline AdlerSums adler_sums(const std::uint8_t* bytes, std::size_t count) {
  AdlerSums sums = {0, 0};
  for (std::size_t i = 0; i < count; ++i) {
    sums.plain += bytes[i];
    sums.weighted += static_cast<std::uint32_t>(count - i) * bytes[i];
  }
  return sums;
}

#include "encode/kernels_deflate-inl.h"

constexpr DeflateKernels deflate = {adler32, tokenize, emit};

}  // namespace
}  // namespace scalar

const DeflateKernels& deflate_kernels(CpuTarget target) noexcept {
  QMPSHOT_PICK(target, deflate, scalar::deflate)
}

}  // namespace qmpshot::encode
#endif
