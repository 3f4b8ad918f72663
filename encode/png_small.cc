// SPDX-License-Identifier: MIT
#include "encode/png_small.h"

#include "encode/palette.h"
#include "encode/png_filters.h"
#include "encode/png_rows.h"
#include "encode/threads.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <numeric>
#include <utility>

namespace qmpshot::encode {
namespace {

// Above, the trials' memory would be several times this.
constexpr std::size_t most_bytes = std::size_t{256} << 20U;

// All trials are ranked by a fast compression; the most promising few get the best one, which takes
// seconds for a large desktop.
constexpr int fast_level = 6;
constexpr int best_level = 12;
constexpr std::size_t finalists = 3;

// Where a palette serves, true colour is smaller only for shades that filters foresee, and for what
// is hardly larger than a palette. Measured: of consoles with up to 16 colours it never is.
constexpr std::size_t few_colours = 16;
constexpr std::size_t few_pixels = 65536;

struct Freed {
  void operator()(libdeflate_compressor* compressor) const noexcept {
    libdeflate_free_compressor(compressor);
  }
};

std::vector<std::byte> zlib(std::span<const std::uint8_t> in, int level) {
  const std::unique_ptr<libdeflate_compressor, Freed> compressor(
      libdeflate_alloc_compressor(level));
  if (compressor == nullptr) throw std::bad_alloc();
  std::vector<std::byte> out(libdeflate_zlib_compress_bound(compressor.get(), in.size()));
  out.resize(
      libdeflate_zlib_compress(compressor.get(), in.data(), in.size(), out.data(), out.size()));
  return out;
}

// One way to say the frame: what its pixels are, before filters.
struct Samples {
  PngHeader header;
  PngPalette palette;
  RawRows rows;
};

// Each thread holds a filtered frame and what comes of it.
constexpr unsigned most_threads = 4;

// All ways of saying a frame that are tried, and what each comes to by the fast compression.
class Trials {
 public:
  void add(Samples samples) {
    for (const FilterWay way : filter_ways) trials_.push_back({samples_.size(), way});
    samples_.push_back(std::move(samples));
  }

  // The smallest one; of equals the one added first.
  SmallPng best(unsigned threads) {
    threads = std::min(threads, most_threads);
    const auto rank = [&](std::size_t i) {
      trials_[i].bytes = compressed(trials_[i], fast_level).size() + palette_bytes_of(trials_[i]);
    };
    do_parts(trials_.size(), threads, [&] { return Part(rank); });
    std::ranges::stable_sort(trials_, std::less<>(), &Trial::bytes);
    trials_.resize(std::min(trials_.size(), finalists));
    std::vector<std::vector<std::byte>> streams(trials_.size());
    const auto compress = [&](std::size_t i) {
      streams[i] = compressed(trials_[i], best_level);
      trials_[i].bytes = streams[i].size() + palette_bytes_of(trials_[i]);
    };
    do_parts(trials_.size(), threads, [&] { return Part(compress); });
    const auto best = std::ranges::min_element(trials_, std::less<>(), &Trial::bytes);
    Samples& samples = samples_[best->samples];
    return {samples.header, std::move(samples.palette),
            std::move(streams[static_cast<std::size_t>(best - trials_.begin())])};
  }

 private:
  struct Trial {
    std::size_t samples;
    FilterWay way;
    std::size_t bytes = 0;
  };

  [[nodiscard]] std::vector<std::byte> compressed(const Trial& trial, int level) const {
    return zlib(filter_rows(samples_[trial.samples].rows, trial.way), level);
  }
  [[nodiscard]] std::size_t palette_bytes_of(const Trial& trial) const {
    return palette_bytes(samples_[trial.samples].palette);
  }

  std::vector<Samples> samples_;
  std::vector<Trial> trials_;
};

// Packs one value of `depth` bits for each pixel of `index`, given by `value_of`.
Samples pack(std::span<const std::uint8_t> index, const PngHeader& frame, PngColour colour,
             unsigned depth, std::span<const std::uint8_t> value_of) {
  Samples samples = {frame, {}, {}};
  samples.header.colour = colour;
  samples.header.depth = depth;
  samples.rows.row_bytes = (std::size_t{frame.width_px} * depth + 7) / 8;
  samples.rows.bytes.resize(samples.rows.row_bytes * frame.height_px);
  for (std::size_t y = 0; y < frame.height_px; ++y) {
    for (std::size_t x = 0; x < frame.width_px; ++x) {
      std::uint8_t& byte = samples.rows.bytes[y * samples.rows.row_bytes + x * depth / 8];
      const unsigned value = value_of[index[y * frame.width_px + x]];
      byte = static_cast<std::uint8_t>(byte | value << (8 - depth - x * depth % 8));
    }
  }
  return samples;
}

// The frame in greys of the least depth that has them all: level v of depth d is v * 255 / (2^d -
// 1).
std::optional<Samples> as_grey(std::span<const std::uint8_t> index, const PngHeader& frame,
                               const PngPalette& colours) {
  for (const unsigned depth : {1U, 2U, 4U, 8U}) {
    const unsigned step = 255U / ((1U << depth) - 1U);
    std::vector<std::uint8_t> levels;
    for (const auto& [r, g, b] : colours) {
      if (r != g || g != b) return {};
      if (r % step == 0) levels.push_back(static_cast<std::uint8_t>(r / step));
    }
    if (levels.size() == colours.size()) {
      return pack(index, frame, PngColour::grey, depth, levels);
    }
  }
  return {};
}

// Indices in the order of first appearance, of brightness, or of how often each is used.
void try_indexed(std::span<const std::uint8_t> index, const PngHeader& frame,
                 const PngPalette& colours, Trials& trials) {
  std::array<std::size_t, 256> uses{};
  for (const std::uint8_t i : index) ++uses[i];
  const auto brightness = [&](std::uint8_t i) {
    return 299U * colours[i][0] + 587U * colours[i][1] + 114U * colours[i][2];  // ITU-R BT.601
  };
  for (int order = 0; order < 3; ++order) {
    std::vector<std::uint8_t> sorted(colours.size());
    std::iota(sorted.begin(), sorted.end(), std::uint8_t{0});
    if (order == 1) std::ranges::stable_sort(sorted, std::less<>(), brightness);
    if (order == 2) {
      std::ranges::stable_sort(sorted, std::greater<>(), [&](std::uint8_t i) { return uses[i]; });
    }
    std::vector<std::uint8_t> value_of(colours.size());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      value_of[sorted[i]] = static_cast<std::uint8_t>(i);
    }
    Samples samples = pack(index, frame, PngColour::indexed, depth_for(colours.size()), value_of);
    for (const std::uint8_t i : sorted) samples.palette.push_back(colours[i]);
    trials.add(std::move(samples));
  }
}

Samples as_rgb(const ImageView& image, const PngHeader& frame) {
  Samples samples = {frame, {}, {}};
  SampleRows rows(image, SampleRows::Kind::rgb);
  samples.rows.row_bytes = rows.row_bytes();
  samples.rows.pixel_bytes = rows.pixel_bytes();
  samples.rows.bytes.reserve(rows.row_bytes() * image.height_px);
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    rows.take(y);
    samples.rows.bytes.insert(samples.rows.bytes.end(), rows.current(),
                              rows.current() + rows.row_bytes());
  }
  return samples;
}

// One byte a pixel where a palette holds the colours; empty where none does.
std::vector<std::uint8_t> indices(const ImageView& image, Palette& palette) {
  const std::size_t width = image.width_px;
  std::vector<std::uint8_t> index(width * image.height_px + Palette::slack);
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    if (!palette.map_row(image.row(y), 8, index.data() + y * width)) return {};
  }
  index.resize(width * image.height_px);
  return index;
}

}  // namespace

std::optional<SmallPng> encode_small_png(const ImageView& image, unsigned threads) {
  if (std::size_t{3} * image.width_px * image.height_px > most_bytes) return {};
  const PngHeader frame = {image.width_px, image.height_px, 8, PngColour::rgb};
  Trials trials;
  Palette palette(image.format);
  const std::vector<std::uint8_t> index = indices(image, palette);
  if (index.size() <= few_pixels || palette.size() > few_colours) {
    trials.add(as_rgb(image, frame));
  }
  if (!index.empty()) {
    const PngPalette colours = palette.colours();
    if (auto grey = as_grey(index, frame, colours)) trials.add(std::move(*grey));
    try_indexed(index, frame, colours, trials);
  }
  return trials.best(threads);
}

}  // namespace qmpshot::encode
