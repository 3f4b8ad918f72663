// SPDX-License-Identifier: MIT
#include "encode/kernels_compare.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/kernels_compare.cc"
#include "encode/kernels_targets.h"

#include <hwy/highway.h>

// The scalar specification stands first, outside the targets, because their tails use it.
#ifndef QMPSHOT_KERNELS_COMPARE_SCALAR
#define QMPSHOT_KERNELS_COMPARE_SCALAR
namespace qmpshot::encode {
namespace {

template <std::size_t pixel_bytes>
std::size_t changed(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px) {
  std::size_t sum = 0;
  for (; count_px > 0; --count_px, a += pixel_bytes, b += pixel_bytes) {
    sum += a[0] != b[0] || a[1] != b[1] || a[2] != b[2] ? 1U : 0U;
  }
  return sum;
}

bool equal_bytes(const std::uint8_t* a, const std::uint8_t* b, std::size_t count) {
  return count == 0 || std::memcmp(a, b, count) == 0;
}

bool equal_xrgb(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px) {
  return changed<4>(a, b, count_px) == 0;
}

template <std::size_t pixel_bytes>
std::uint64_t squares(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px) {
  std::uint64_t sum = 0;
  for (; count_px > 0; --count_px, a += pixel_bytes, b += pixel_bytes) {
    for (int c = 0; c < 3; ++c) sum += static_cast<std::uint64_t>((a[c] - b[c]) * (a[c] - b[c]));
  }
  return sum;
}

// 1 for the first byte of each three; a vector that starts anywhere in a row finds its own here.
constexpr std::size_t longest_vector = 64;
struct FirstOfThree {
  constexpr FirstOfThree() {
    for (std::size_t i = 0; i < sizeof bytes; i += 3) bytes[i] = 1;
  }
  std::uint8_t bytes[longest_vector + 3] = {};
};
constexpr FirstOfThree first_of_three;

}  // namespace
}  // namespace qmpshot::encode
#endif

#if QMPSHOT_VECTOR_TARGET
HWY_BEFORE_NAMESPACE();
namespace qmpshot::encode::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using D8 = hn::ScalableTag<std::uint8_t>;
using D32 = hn::Repartition<std::uint32_t, D8>;
using D64 = hn::Repartition<std::uint64_t, D8>;
constexpr std::uint32_t colour_bits = 0x00FFFFFF;

HWY_INLINE hn::Vec<D8> differing_bits(const std::uint8_t* a, const std::uint8_t* b) {
  return hn::Xor(hn::LoadU(D8(), a), hn::LoadU(D8(), b));
}

template <class D>
HWY_INLINE std::uint64_t sum_of(D d, hn::Vec<D> v) {
  HWY_ALIGN hn::TFromD<D> lanes[hn::MaxLanes(D())];
  hn::Store(v, d, lanes);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) sum += static_cast<std::uint64_t>(lanes[i]);
  return sum;
}

HWY_INLINE bool all_zero(hn::Vec<D8> v) {
  return hn::AllTrue(D8(), hn::Eq(v, hn::Zero(D8())));
}

// From the second vector on at whole lines of the cache, as those of `b` then are of most frames:
// others are two loads each. The last one overlaps the one before.
bool equal_bytes(const std::uint8_t* a, const std::uint8_t* b, std::size_t count) {
  const std::size_t step = hn::Lanes(D8());
  if (count < step) return encode::equal_bytes(a, b, count);
  if (!all_zero(differing_bits(a, b))) return false;
  std::size_t at = step - reinterpret_cast<std::uintptr_t>(a) % step;
  for (; at + 4 * step <= count; at += 4 * step) {
    const auto lower =
        hn::Or(differing_bits(a + at, b + at), differing_bits(a + at + step, b + at + step));
    const auto upper = hn::Or(differing_bits(a + at + 2 * step, b + at + 2 * step),
                              differing_bits(a + at + 3 * step, b + at + 3 * step));
    if (!all_zero(hn::Or(lower, upper))) return false;
  }
  auto bits = differing_bits(a + count - step, b + count - step);
  for (; at + step < count; at += step) bits = hn::Or(bits, differing_bits(a + at, b + at));
  return all_zero(bits);
}

bool equal_xrgb(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px) {
  const std::size_t step = hn::Lanes(D8());
  std::size_t bytes = 4 * count_px;
  for (; bytes >= 4 * step; bytes -= 4 * step, a += 4 * step, b += 4 * step) {
    const auto lower = hn::Or(differing_bits(a, b), differing_bits(a + step, b + step));
    const auto upper = hn::Or(differing_bits(a + 2 * step, b + 2 * step),
                              differing_bits(a + 3 * step, b + 3 * step));
    const auto bits =
        hn::And(hn::BitCast(D32(), hn::Or(lower, upper)), hn::Set(D32(), colour_bits));
    if (!hn::AllTrue(D32(), hn::Eq(bits, hn::Zero(D32())))) return false;
  }
  return encode::equal_xrgb(a, b, bytes / 4);
}

std::size_t changed_xrgb(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px) {
  const std::size_t step = hn::Lanes(D32());
  auto sums = hn::Zero(D32());
  for (; count_px >= step; count_px -= step, a += 4 * step, b += 4 * step) {
    const auto bits =
        hn::And(hn::BitCast(D32(), differing_bits(a, b)), hn::Set(D32(), colour_bits));
    const auto differs = hn::VecFromMask(D32(), hn::Ne(bits, hn::Zero(D32())));
    sums = hn::Sub(sums, differs);  // all ones is -1
  }
  return sum_of(D32(), sums) + encode::changed<4>(a, b, count_px);
}

// How many pixels start in the vector at `a`, `phase` bytes after a pixel's start, and differ.
// Reads two bytes more than the vector holds.
HWY_INLINE hn::Vec<D64> changed_in(const std::uint8_t* a, const std::uint8_t* b,
                                   std::size_t phase) {
  const auto bits = hn::Or(hn::Or(differing_bits(a, b), differing_bits(a + 1, b + 1)),
                           differing_bits(a + 2, b + 2));
  const auto counted = hn::LoadU(D8(), first_of_three.bytes + phase);
  return hn::SumsOf8(hn::Min(bits, counted));
}

std::size_t changed_rgb(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px) {
  const std::size_t step = hn::Lanes(D8());
  auto sums = hn::Zero(D64());
  for (; count_px > step; count_px -= step, a += 3 * step, b += 3 * step) {
    sums = hn::Add(sums, changed_in(a, b, 0));
    sums = hn::Add(sums, changed_in(a + step, b + step, step % 3));
    sums = hn::Add(sums, changed_in(a + 2 * step, b + 2 * step, 2 * step % 3));
  }
  return sum_of(D64(), sums) + encode::changed<3>(a, b, count_px);
}

using D16 = hn::Repartition<std::int16_t, D8>;
using DSum = hn::Repartition<std::int32_t, D8>;

HWY_INLINE hn::Vec<D16> difference(const std::uint8_t* a, const std::uint8_t* b) {
  const hn::Rebind<std::uint8_t, D16> half;
  return hn::Sub(hn::PromoteTo(D16(), hn::LoadU(half, a)),
                 hn::PromoteTo(D16(), hn::LoadU(half, b)));
}

// A lane takes in at most 2 * 255 * 255 each time: 16512 times fit, rows need 8192 at most (65536
// bytes by 8).
template <std::size_t pixel_bytes>
std::uint64_t squares(const std::uint8_t* a, const std::uint8_t* b, std::size_t count_px) {
  const std::size_t step = hn::Lanes(D16());
  const auto counted = pixel_bytes == 3 ? hn::Set(D16(), -1)
                                        : hn::BitCast(D16(), hn::Set(D64(), 0x0000FFFFFFFFFFFF));
  auto even = hn::Zero(DSum());
  auto odd = hn::Zero(DSum());
  std::size_t bytes = pixel_bytes * count_px;
  // A multiple of the vector that is one of the pixel as well.
  const std::size_t whole = pixel_bytes == 3 ? 3 * step : step;
  for (; bytes >= whole; bytes -= whole) {
    for (std::size_t i = 0; i < whole; i += step, a += step, b += step) {
      const auto d = hn::And(difference(a, b), counted);
      even = hn::ReorderWidenMulAccumulate(DSum(), d, d, even, odd);
    }
  }
  return sum_of(DSum(), even) + sum_of(DSum(), odd) +
         encode::squares<pixel_bytes>(a, b, bytes / pixel_bytes);
}

}  // namespace

constexpr CompareKernels compare = {equal_bytes,  equal_xrgb, changed_rgb,
                                    changed_xrgb, squares<3>, squares<4>};

}  // namespace qmpshot::encode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace qmpshot::encode {
namespace {
constexpr CompareKernels scalar_compare = {equal_bytes, equal_xrgb, changed<3>,
                                           changed<4>,  squares<3>, squares<4>};
}

const CompareKernels& compare_kernels(CpuTarget target) noexcept {
  QMPSHOT_PICK(target, compare, scalar_compare)
}

}  // namespace qmpshot::encode
#endif
