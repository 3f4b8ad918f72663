// SPDX-License-Identifier: MIT
#include "encode/kernels_convert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/kernels_convert.cc"
#include "encode/kernels_targets.h"

#include <hwy/highway.h>

// The scalar specification stands first, outside the targets, because their tails use it.
#ifndef QMPSHOT_KERNELS_CONVERT_SCALAR
#define QMPSHOT_KERNELS_CONVERT_SCALAR
namespace qmpshot::encode {
namespace {

void rgb_from_xrgb(const std::uint8_t* in, std::uint8_t* out, std::size_t count_px) {
  for (std::size_t i = 0; i < count_px; ++i) {
    out[3 * i] = in[4 * i + 2];
    out[3 * i + 1] = in[4 * i + 1];
    out[3 * i + 2] = in[4 * i];
  }
}

void xrgb_from_rgb(const std::uint8_t* in, std::uint8_t* out, std::size_t count_px) {
  for (std::size_t i = 0; i < count_px; ++i) {
    out[4 * i] = in[3 * i + 2];
    out[4 * i + 1] = in[3 * i + 1];
    out[4 * i + 2] = in[3 * i];
    out[4 * i + 3] = 255;
  }
}

void bgr_from_rgb(const std::uint8_t* in, std::uint8_t* out, std::size_t count_px) {
  for (std::size_t i = 0; i < count_px; ++i) {
    out[3 * i] = in[3 * i + 2];
    out[3 * i + 1] = in[3 * i + 1];
    out[3 * i + 2] = in[3 * i];
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

void rgb_from_xrgb(const std::uint8_t* in, std::uint8_t* out, std::size_t count_px) {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t step = hn::Lanes(d);
  for (; count_px >= step; count_px -= step, in += 4 * step, out += 3 * step) {
    hn::Vec<decltype(d)> b, g, r, x;
    hn::LoadInterleaved4(d, in, b, g, r, x);
    hn::StoreInterleaved3(r, g, b, d, out);
  }
  encode::rgb_from_xrgb(in, out, count_px);
}

void xrgb_from_rgb(const std::uint8_t* in, std::uint8_t* out, std::size_t count_px) {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t step = hn::Lanes(d);
  const auto x = hn::Set(d, 255);
  for (; count_px >= step; count_px -= step, in += 3 * step, out += 4 * step) {
    hn::Vec<decltype(d)> r, g, b;
    hn::LoadInterleaved3(d, in, r, g, b);
    hn::StoreInterleaved4(b, g, r, x, d, out);
  }
  encode::xrgb_from_rgb(in, out, count_px);
}

void bgr_from_rgb(const std::uint8_t* in, std::uint8_t* out, std::size_t count_px) {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t step = hn::Lanes(d);
  for (; count_px >= step; count_px -= step, in += 3 * step, out += 3 * step) {
    hn::Vec<decltype(d)> r, g, b;
    hn::LoadInterleaved3(d, in, r, g, b);
    hn::StoreInterleaved3(b, g, r, d, out);
  }
  encode::bgr_from_rgb(in, out, count_px);
}

}  // namespace

constexpr ConvertKernels convert = {rgb_from_xrgb, xrgb_from_rgb, bgr_from_rgb};

}  // namespace qmpshot::encode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace qmpshot::encode {
namespace {
constexpr ConvertKernels scalar_convert = {rgb_from_xrgb, xrgb_from_rgb, bgr_from_rgb};
}

const ConvertKernels& convert_kernels(CpuTarget target) noexcept {
  QMPSHOT_PICK(target, convert, scalar_convert)
}

}  // namespace qmpshot::encode
#endif
