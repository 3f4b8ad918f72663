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

void subtract(const std::uint8_t* a, const std::uint8_t* b, std::size_t count, std::uint8_t* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(a[i] - b[i]);
}

inline std::uint8_t mean(std::uint8_t a, std::uint8_t b) {
  return static_cast<std::uint8_t>((a + b) / 2);
}

void subtract_average(const std::uint8_t* in, const std::uint8_t* left, const std::uint8_t* above,
                      std::size_t count, std::uint8_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = static_cast<std::uint8_t>(in[i] - mean(left[i], above[i]));
  }
}

inline std::size_t distance(std::uint8_t a, std::uint8_t b) {
  const auto difference = static_cast<std::uint8_t>(a - b);
  return difference < 128 ? difference : 256U - difference;
}

// Bytes [begin, end) of a row.
void survey_part(const std::uint8_t* row, const std::uint8_t* above, std::size_t begin,
                 std::size_t end, std::size_t pixel_bytes, RowSurvey& survey) {
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint8_t left = row[i - pixel_bytes];
    survey.novel += row[i] != left && row[i] != above[i] ? 1 : 0;
    survey.sub += distance(row[i], left);
    survey.up += distance(row[i], above[i]);
    survey.average += distance(row[i], mean(left, above[i]));
  }
  survey.seen += end - begin;
}

RowSurvey survey(const std::uint8_t* row, const std::uint8_t* above, std::size_t count,
                 std::size_t pixel_bytes, std::size_t every) {
  RowSurvey result;
  for (std::size_t at = pixel_bytes; at < count; at += every) {
    survey_part(row, above, at, at + 64 < count ? at + 64 : count, pixel_bytes, result);
  }
  return result;
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

void subtract(const std::uint8_t* a, const std::uint8_t* b, std::size_t count, std::uint8_t* out) {
  const Bytes d;
  const std::size_t step = hn::Lanes(d);
  for (; count >= step; count -= step, a += step, b += step, out += step) {
    hn::StoreU(hn::Sub(hn::LoadU(d, a), hn::LoadU(d, b)), d, out);
  }
  encode::subtract(a, b, count, out);
}

// AverageRound rounds up.
template <class V>
inline V mean(V a, V b) {
  const hn::DFromV<V> d;
  return hn::Sub(hn::AverageRound(a, b), hn::And(hn::Xor(a, b), hn::Set(d, 1)));
}

void subtract_average(const std::uint8_t* in, const std::uint8_t* left, const std::uint8_t* above,
                      std::size_t count, std::uint8_t* out) {
  const Bytes d;
  const std::size_t step = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + step <= count; i += step) {
    const auto guess = mean(hn::LoadU(d, left + i), hn::LoadU(d, above + i));
    hn::StoreU(hn::Sub(hn::LoadU(d, in + i), guess), d, out + i);
  }
  encode::subtract_average(in + i, left + i, above + i, count - i, out + i);
}

inline hn::Vec<hn::Repartition<std::uint64_t, Bytes>> distances(hn::Vec<Bytes> a,
                                                                hn::Vec<Bytes> b) {
  return hn::SumsOf8(hn::Min(hn::Sub(a, b), hn::Sub(b, a)));
}

RowSurvey survey(const std::uint8_t* row, const std::uint8_t* above, std::size_t count,
                 std::size_t pixel_bytes, std::size_t every) {
  const hn::CappedTag<std::uint8_t, 64> d;
  const hn::Repartition<std::uint64_t, Bytes> d64;
  RowSurvey result;
  auto sub = hn::Zero(d64);
  auto up = hn::Zero(d64);
  auto average = hn::Zero(d64);
  std::size_t at = pixel_bytes;
  for (; at + 64 <= count; at += every) {
    for (std::size_t i = at; i < at + 64; i += hn::Lanes(d)) {
      const auto here = hn::LoadU(d, row + i);
      const auto left = hn::LoadU(d, row + i - pixel_bytes);
      const auto over = hn::LoadU(d, above + i);
      const auto known = hn::Or(hn::Eq(here, left), hn::Eq(here, over));
      result.novel += hn::Lanes(d) - hn::CountTrue(d, known);
      sub = hn::Add(sub, distances(here, left));
      up = hn::Add(up, distances(here, over));
      average = hn::Add(average, distances(here, mean(left, over)));
    }
    result.seen += 64;
  }
  result.sub = static_cast<std::size_t>(hn::GetLane(hn::SumOfLanes(d64, sub)));
  result.up = static_cast<std::size_t>(hn::GetLane(hn::SumOfLanes(d64, up)));
  result.average = static_cast<std::size_t>(hn::GetLane(hn::SumOfLanes(d64, average)));
  if (at < count) encode::survey_part(row, above, at, count, pixel_bytes, result);
  return result;
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

constexpr FilterKernels filter = {subtract, subtract_average, survey, grey};

}  // namespace qmpshot::encode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace qmpshot::encode {
namespace {
constexpr FilterKernels scalar_filter = {subtract, subtract_average, survey, grey};
}

const FilterKernels& filter_kernels(CpuTarget target) noexcept {
  QMPSHOT_PICK(target, filter, scalar_filter)
}

}  // namespace qmpshot::encode
#endif
