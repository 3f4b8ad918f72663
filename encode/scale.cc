// SPDX-License-Identifier: MIT
#include "encode/scale.h"

#include "encode/kernels_scale.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string>
#include <vector>

namespace qmpshot::encode {
namespace {

// Which source pixels make each output pixel of one axis, and their weights.
struct Axis {
  std::vector<ScaleTaps> taps;
  std::vector<std::int16_t> weights;
};

double lanczos3(double x) {
  if (x == 0) return 1;
  if (std::abs(x) >= 3) return 0;
  const double a = std::numbers::pi * x;
  return 3 * std::sin(a) * std::sin(a / 3) / (a * a);
}

// The half-open range of source pixels that output pixel `i` is made of, and each one's raw weight.
struct AreaFilter {
  std::uint64_t from;
  std::uint64_t to;

  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> range(std::uint64_t i) const {
    return {i * from / to, ((i + 1) * from + to - 1) / to};
  }
  // The overlap, in units of 1/to of a source pixel.
  [[nodiscard]] double weight(std::uint64_t i, std::uint64_t j) const {
    const std::uint64_t first = std::max(i * from, j * to);
    const std::uint64_t last = std::min((i + 1) * from, (j + 1) * to);
    return static_cast<double>(last - first);
  }
};

struct LanczosFilter {
  LanczosFilter(std::uint64_t from_px, std::uint64_t to_px)
      : from(static_cast<double>(from_px)),
        ratio(from / static_cast<double>(to_px)),
        stretch(std::max(1.0, ratio)) {}

  [[nodiscard]] double centre(std::uint64_t i) const {
    return (static_cast<double>(i) + 0.5) * ratio - 0.5;
  }
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> range(std::uint64_t i) const {
    const double first = std::max(0.0, std::floor(centre(i) - 3 * stretch) + 1);
    const double end = std::min(from, std::ceil(centre(i) + 3 * stretch));
    return {static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(end)};
  }
  [[nodiscard]] double weight(std::uint64_t i, std::uint64_t j) const {
    return lanczos3((static_cast<double>(j) - centre(i)) / stretch);
  }

  double from;
  double ratio;
  double stretch;  // shrinking widens the filter, or it would skip pixels
};

template <class AnyFilter>
Axis make_axis(std::uint32_t to_px, const AnyFilter& filter) {
  Axis axis;
  axis.taps.resize(to_px);
  std::vector<double> raw;
  for (std::uint32_t i = 0; i < to_px; ++i) {
    const auto [first, end] = filter.range(i);
    raw.clear();
    for (std::uint64_t j = first; j < end; ++j) raw.push_back(filter.weight(i, j));
    double total = 0;
    for (const double weight : raw) total += weight;
    // The running sum is rounded, not each weight, so that they sum up to one exactly.
    double sum = 0;
    long before = 0;
    for (const double weight : raw) {
      sum += weight;
      const long now = std::lround(sum / total * scale_weight_one);
      axis.weights.push_back(static_cast<std::int16_t>(now - before));
      before = now;
    }
    if (raw.size() % 2 != 0) axis.weights.push_back(0);
    axis.taps[i] = {static_cast<std::uint32_t>(first),
                    static_cast<std::uint32_t>(raw.size() + raw.size() % 2), nullptr};
  }
  const std::int16_t* weights = axis.weights.data();
  for (ScaleTaps& taps : axis.taps) {
    taps.weights = weights;
    weights += taps.count;
  }
  return axis;
}

Axis make_axis(std::uint32_t from_px, std::uint32_t to_px, Filter filter) {
  if (filter == Filter::area) return make_axis(to_px, AreaFilter{from_px, to_px});
  return make_axis(to_px, LanczosFilter(from_px, to_px));
}

const std::uint8_t* row_of(const ImageView& image, std::uint32_t y) {
  return reinterpret_cast<const std::uint8_t*>(image.row(y).data());
}

// The rows first, because that goes through memory in order and leaves fewer pixels to weigh.
void weigh(const ImageView& image, const ImageView& out, std::uint8_t* to, Filter filter) {
  const ScaleKernels& kernels = scale_kernels();
  const Axis columns = make_axis(image.width_px, out.width_px, filter);
  const Axis rows = make_axis(image.height_px, out.height_px, filter);
  std::vector<std::int16_t> narrow(image.row_bytes() + scale_row_padding);
  std::vector<std::int16_t> wide(out.row_bytes() + scale_row_padding);
  std::vector<const std::uint8_t*> sources;
  for (const ScaleTaps& taps : rows.taps) {
    sources.clear();
    for (std::uint32_t k = 0; k < taps.count; ++k) {
      sources.push_back(row_of(image, std::min(taps.first + k, image.height_px - 1)));
    }
    kernels.weigh_rows(sources.data(), taps.weights, taps.count, narrow.data(), image.row_bytes());
    kernels.weigh_pixels(narrow.data(), columns.taps.data(), out.width_px,
                         bytes_per_pixel(image.format), wide.data());
    kernels.unbend(wide.data(), to, out.row_bytes());
    to += out.stride_bytes;
  }
}

// The source pixel under the output pixel's centre.
std::uint32_t nearest(std::uint64_t i, std::uint64_t from_px, std::uint64_t to_px) {
  return static_cast<std::uint32_t>((2 * i + 1) * from_px / (2 * to_px));
}

void pick(const ImageView& image, const ImageView& out, std::uint8_t* to) {
  const std::size_t pixel_bytes = bytes_per_pixel(image.format);
  std::vector<std::size_t> offsets(out.width_px);
  for (std::uint32_t x = 0; x < out.width_px; ++x) {
    offsets[x] = pixel_bytes * nearest(x, image.width_px, out.width_px);
  }
  std::uint32_t row_above = image.height_px;
  for (std::uint32_t y = 0; y < out.height_px; ++y, to += out.stride_bytes) {
    const std::uint32_t source = nearest(y, image.height_px, out.height_px);
    if (source == row_above) {
      std::memcpy(to, to - out.stride_bytes, out.stride_bytes);
      continue;
    }
    row_above = source;
    const std::uint8_t* from = row_of(image, source);
    for (std::uint32_t x = 0; x < out.width_px; ++x) {
      for (std::size_t c = 0; c < pixel_bytes; ++c) to[x * pixel_bytes + c] = from[offsets[x] + c];
    }
  }
}

}  // namespace

Result<Image> scale(const ImageView& image, Size size, Filter filter) {
  if (!is_whole(image) || size.width_px == 0 || size.height_px == 0 ||
      size.width_px > max_side_px || size.height_px > max_side_px) {
    return Error(Errc::bad_argument, "scaling an image of " + std::to_string(image.width_px) + "x" +
                                         std::to_string(image.height_px) + " to " +
                                         std::to_string(size.width_px) + "x" +
                                         std::to_string(size.height_px) + ": a side must be 1 to " +
                                         std::to_string(max_side_px));
  }
  if (filter == Filter::automatic) {
    const bool grows = size.width_px > image.width_px || size.height_px > image.height_px;
    filter = grows ? Filter::lanczos3 : Filter::area;
  }
  ImageView view{{}, size.width_px, size.height_px, 0, image.format};
  view.stride_bytes = view.row_bytes();
  std::vector<std::byte> pixels(view.stride_bytes * view.height_px);
  auto* to = reinterpret_cast<std::uint8_t*>(pixels.data());
  if (filter == Filter::nearest) {
    pick(image, view, to);
  } else {
    weigh(image, view, to, filter);
  }
  view.pixels = pixels;
  return Image(std::move(pixels), view);
}

}  // namespace qmpshot::encode
