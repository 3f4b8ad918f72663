// SPDX-License-Identifier: MIT
#include "encode/kernels_deflate.h"

#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/kernels_deflate.cc"
#include "encode/kernels_targets.h"

#include <hwy/highway.h>

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

#include "encode/kernels_deflate-inl.h"

constexpr DeflateKernels deflate = {adler32, tokenize, emit};

}  // namespace
}  // namespace scalar

const DeflateKernels& deflate_kernels(CpuTarget target) noexcept {
  QMPSHOT_PICK(target, deflate, scalar::deflate)
}

}  // namespace qmpshot::encode
#endif
