// SPDX-License-Identifier: MIT
#include "encode/kernels_filter.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/kernels_filter.cc"
#include "encode/kernels_targets.h"

#include <hwy/highway.h>

// The scalar specification stands first, outside the targets, because their tails use it.
#ifndef QMPSHOT_KERNELS_FILTER_SCALAR
#define QMPSHOT_KERNELS_FILTER_SCALAR
namespace qmpshot::encode {
namespace {

void up(const std::uint8_t* row, const std::uint8_t* above, std::size_t count, std::uint8_t* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(row[i] - above[i]);
}

std::size_t count_novel_from(std::size_t i, const std::uint8_t* row, const std::uint8_t* above,
                             std::size_t count, std::size_t pixel_bytes) {
  std::size_t novel = 0;
  for (; i < count; ++i) {
    const bool like_left = i >= pixel_bytes && row[i] == row[i - pixel_bytes];
    if (!like_left && row[i] != above[i]) ++novel;
  }
  return novel;
}

std::size_t count_novel(const std::uint8_t* row, const std::uint8_t* above, std::size_t count,
                        std::size_t pixel_bytes) {
  return count_novel_from(0, row, above, count, pixel_bytes);
}

void grey_from(std::size_t x, const std::uint8_t* in, std::size_t pixel_bytes, std::size_t count_px,
               std::uint8_t* out) {
  for (; x < count_px; ++x) out[x] = in[pixel_bytes * x];
}

void grey(const std::uint8_t* in, PixelFormat format, std::size_t count_px, std::uint8_t* out) {
  grey_from(0, in, bytes_per_pixel(format), count_px, out);
}

}  // namespace
}  // namespace qmpshot::encode
#endif

#if QMPSHOT_VECTOR_TARGET
HWY_BEFORE_NAMESPACE();
namespace qmpshot::encode::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using Bytes = hn::ScalableTag<std::uint8_t>;

void up(const std::uint8_t* row, const std::uint8_t* above, std::size_t count, std::uint8_t* out) {
  const Bytes d;
  const std::size_t step = hn::Lanes(d);
  for (; count >= step; count -= step, row += step, above += step, out += step) {
    hn::StoreU(hn::Sub(hn::LoadU(d, row), hn::LoadU(d, above)), d, out);
  }
  encode::up(row, above, count, out);
}

std::size_t count_novel(const std::uint8_t* row, const std::uint8_t* above, std::size_t count,
                        std::size_t pixel_bytes) {
  const Bytes d;
  const std::size_t step = hn::Lanes(d);
  std::size_t i = pixel_bytes < count ? pixel_bytes : count;
  std::size_t novel = encode::count_novel_from(0, row, above, i, pixel_bytes);
  for (; i + step <= count; i += step) {
    const auto here = hn::LoadU(d, row + i);
    const auto known = hn::Or(hn::Eq(here, hn::LoadU(d, row + i - pixel_bytes)),
                              hn::Eq(here, hn::LoadU(d, above + i)));
    novel += step - hn::CountTrue(d, known);
  }
  return novel + encode::count_novel_from(i, row, above, count, pixel_bytes);
}

void grey(const std::uint8_t* in, PixelFormat format, std::size_t count_px, std::uint8_t* out) {
  const Bytes d;
  const std::size_t step = hn::Lanes(d);
  hn::Vec<Bytes> level, b, c, x;
  std::size_t done = 0;
  if (format == PixelFormat::rgb24) {
    for (; done + step <= count_px; done += step) {
      hn::LoadInterleaved3(d, in + 3 * done, level, b, c);
      hn::StoreU(level, d, out + done);
    }
  } else {
    for (; done + step <= count_px; done += step) {
      hn::LoadInterleaved4(d, in + 4 * done, level, b, c, x);
      hn::StoreU(level, d, out + done);
    }
  }
  encode::grey_from(done, in, bytes_per_pixel(format), count_px, out);
}

}  // namespace

constexpr FilterKernels filter = {up, count_novel, grey};

}  // namespace qmpshot::encode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace qmpshot::encode {
namespace {
constexpr FilterKernels scalar_filter = {up, count_novel, grey};
}

const FilterKernels& filter_kernels(CpuTarget target) noexcept {
  QMPSHOT_PICK(target, filter, scalar_filter)
}

}  // namespace qmpshot::encode
#endif
