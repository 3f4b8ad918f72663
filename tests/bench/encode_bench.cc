// SPDX-License-Identifier: MIT
// Each kernel on every CPU target, and each encoder on every frame, by Google Benchmark. For
// looking at one thing while it is made faster; the figures that are published come from
// encode_table.
#include "encode/compare.h"
#include "encode/encoder.h"
#include "encode/kernels_compare.h"
#include "encode/kernels_convert.h"
#include "encode/kernels_deflate.h"
#include "encode/kernels_filter.h"
#include "encode/kernels_palette.h"
#include "encode/kernels_scale.h"
#include "encode/palette.h"
#include "encode/scale.h"
#include "tests/bench/frames.h"
#include "tests/bench/timing.h"
#include "tests/support/guarded.h"
#include "tests/support/images.h"

#include <benchmark/benchmark.h>

#include <functional>
#include <string>

namespace qmpshot::bench {
namespace {

using encode::CpuTarget;
using Memory = std::vector<std::uint8_t>;

// Two sizes of the same work: within L2, and a 4K screen that no L2 holds.
constexpr std::size_t near_px = 16384;
constexpr std::size_t far_px = std::size_t{3840} * 2160;

// `work` goes over count_px pixels once and reads `read_bytes` for each of them.
struct Kernel {
  std::string name;
  std::size_t read_bytes;
  std::function<void(CpuTarget target, std::size_t count_px)> work;
};

struct Buffers {
  Memory a = Memory(4 * far_px + 64), b, out = Memory(4 * far_px + 64);
  std::vector<std::int16_t> samples = std::vector<std::int16_t>(4 * far_px + 64);
  Buffers() {
    test::fill(a, 1);
    b = a;
  }
};

Buffers& buffers() {
  static Buffers all;
  return all;
}

// Kernels that work on rows are handed rows of 4096 pixels.
template <class Row>
void by_rows(std::size_t count_px, Row&& row) {
  for (std::size_t at = 0; at < count_px; at += 4096)
    row(at, std::min<std::size_t>(4096, count_px - at));
}

std::vector<Kernel> compare_and_convert_kernels() {
  using encode::compare_kernels;
  using encode::convert_kernels;
  Buffers& m = buffers();
  return {
      {"convert/rgb_from_xrgb", 4,
       [&](CpuTarget target, std::size_t n) {
         convert_kernels(target).rgb_from_xrgb(m.a.data(), m.out.data(), n);
       }},
      {"convert/xrgb_from_rgb", 3,
       [&](CpuTarget target, std::size_t n) {
         convert_kernels(target).xrgb_from_rgb(m.a.data(), m.out.data(), n);
       }},
      {"convert/bgr_from_rgb", 3,
       [&](CpuTarget target, std::size_t n) {
         convert_kernels(target).bgr_from_rgb(m.a.data(), m.out.data(), n);
       }},
      {"compare/equal_bytes", 6,
       [&](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(
             compare_kernels(target).equal_bytes(m.a.data(), m.b.data(), 3 * n));
       }},
      {"compare/equal_xrgb", 8,
       [&](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(compare_kernels(target).equal_xrgb(m.a.data(), m.b.data(), n));
       }},
      {"compare/changed_rgb", 6,
       [&](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(compare_kernels(target).changed_rgb(m.a.data(), m.b.data(), n));
       }},
      {"compare/changed_xrgb", 8,
       [&](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(compare_kernels(target).changed_xrgb(m.a.data(), m.b.data(), n));
       }},
      {"compare/squares_rgb", 6,
       [&](CpuTarget target, std::size_t n) {
         by_rows(n, [&](std::size_t at, std::size_t count) {
           benchmark::DoNotOptimize(
               compare_kernels(target).squares_rgb(&m.a[3 * at], &m.b[3 * at], count));
         });
       }},
      {"compare/squares_xrgb", 8,
       [&](CpuTarget target, std::size_t n) {
         by_rows(n, [&](std::size_t at, std::size_t count) {
           benchmark::DoNotOptimize(
               compare_kernels(target).squares_xrgb(&m.a[4 * at], &m.b[4 * at], count));
         });
       }},
  };
}

std::vector<Kernel> scale_kernels() {
  Buffers& m = buffers();
  static const std::int16_t weights[] = {5000, 5000, 5000, 1384};
  static const std::vector<encode::ScaleTaps> taps = [] {
    std::vector<encode::ScaleTaps> halves(far_px / 2);
    for (std::uint32_t i = 0; i < halves.size(); ++i) halves[i] = {2 * i, 2, weights};
    return halves;
  }();
  return {
      {"scale/weigh_rows of 4", 3,
       [&](CpuTarget target, std::size_t n) {
         const std::size_t quarter = 3 * n / 4;
         const std::uint8_t* rows[] = {&m.a[0], &m.a[quarter], &m.a[2 * quarter],
                                       &m.a[3 * quarter]};
         encode::scale_kernels(target).weigh_rows(rows, weights, 4, m.samples.data(), quarter);
       }},
      {"scale/weigh_pixels by 2", 6,
       [&](CpuTarget target, std::size_t n) {
         static std::vector<std::int16_t> narrow(3 * far_px / 2 + 64);
         encode::scale_kernels(target).weigh_pixels(m.samples.data(), taps.data(), n / 2, 3,
                                                    narrow.data());
       }},
      {"scale/unbend", 6,
       [&](CpuTarget target, std::size_t n) {
         encode::scale_kernels(target).unbend(m.samples.data(), m.out.data(), 3 * n);
       }},
  };
}

std::vector<Kernel> png_kernels() {
  using encode::filter_kernels;
  using encode::palette_kernels;
  Buffers& m = buffers();
  static Memory two(4 * far_px);   // two colours, as a console has them
  static encode::SlotTable slots;  // sixteen slots, all the first colour: nothing is missing
  static encode::LargeTable large;
  return {
      {"filter/subtract", 6,
       [&](CpuTarget target, std::size_t n) {
         filter_kernels(target).subtract(m.a.data(), m.b.data(), 3 * n, m.out.data());
       }},
      {"filter/subtract_average", 9,
       [&](CpuTarget target, std::size_t n) {
         filter_kernels(target).subtract_average(m.a.data() + 3, m.a.data(), m.b.data(), 3 * n - 3,
                                                 m.out.data());
       }},
      {"filter/survey", 6,
       [&](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(
             filter_kernels(target).survey(m.a.data(), m.b.data(), 3 * n, 3, 64));
       }},
      {"filter/grey", 3,
       [&](CpuTarget target, std::size_t n) {
         filter_kernels(target).grey(m.a.data(), PixelFormat::rgb24, n, m.out.data());
       }},
      {"palette/map_two rgb24", 3,
       [&](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(palette_kernels(target).map_two(two.data(), PixelFormat::rgb24, n,
                                                                  0, 0xAAAAAA, m.out.data()));
       }},
      {"palette/map_two xrgb8888", 4,
       [&](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(palette_kernels(target).map_two(two.data(), PixelFormat::xrgb8888,
                                                                  n, 0, 0xAAAAAA, m.out.data()));
       }},
      {"palette/map_slots rgb24", 3,
       [&](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(palette_kernels(target).map_slots(two.data(), PixelFormat::rgb24,
                                                                    n, slots, m.out.data()));
       }},
      {"palette/map_large rgb24", 3,
       [&](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(palette_kernels(target).map_large(two.data(), PixelFormat::rgb24,
                                                                    n, large, m.out.data()));
       }},
      {"palette/map_packed to 2 bits", 3,
       [&](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(palette_kernels(target).map_packed(two.data(), PixelFormat::rgb24,
                                                                     n, slots, 2, m.out.data()));
       }},
      {"palette/map_packed to 4 bits", 3,
       [&](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(palette_kernels(target).map_packed(two.data(), PixelFormat::rgb24,
                                                                     n, slots, 4, m.out.data()));
       }},
  };
}

// One console's rows at four bits a pixel, over and over, as Deflate's kernels are given them.
class Stream {
 public:
  explicit Stream(const std::vector<Frame>& frames) {
    const ImageView& view = frame_named(frames, "drawn-fbcon-listing-1280x800").image.view();
    shape_.row_bytes = 1 + view.width_px / 2;
    Memory rows;
    for (std::uint32_t y = 0; y < view.height_px; ++y) {
      rows.push_back(0);
      for (std::uint32_t x = 0; x < view.width_px; x += 2) {
        const auto level = [&](std::uint32_t i) {
          return test::rgb_at(view, i, y) >> 4 & 15U;  // of blue: another for most colours
        };
        rows.push_back(static_cast<std::uint8_t>(level(x) << 4 | level(x + 1)));
      }
    }
    bytes_.resize(64);
    while (bytes_.size() < far_px + 64) bytes_.insert(bytes_.end(), rows.begin(), rows.end());
    bytes_.resize(bytes_.size() + 64);
    literals_.resize(2 * band_bytes);
    tokens_.resize(band_bytes);
    codes_.literal.fill(8U << 24);
    codes_.length.fill(7U << 24);
    codes_.distance.fill(5U << 24);
    take(encode::CpuTarget::scalar, band_bytes);
  }

  [[nodiscard]] const std::uint8_t* bytes() const { return bytes_.data() + 64; }

  // Tokens of the first `count` bytes, in bands as ScreenDeflate has them; the last band's stay.
  void take(CpuTarget target, std::size_t count) {
    std::ranges::fill(hash_, 0U);
    std::ranges::fill(near_, 0U);
    for (std::size_t at = 0; at < count; at += band_bytes) {
      const std::size_t end = std::min(count, at + band_bytes);
      const encode::Band band = {.data = bytes(),
                                 .begin = at,
                                 .end = end,
                                 .history = at,
                                 .position = 1U << 17U,
                                 .shape = shape_,
                                 .hash = hash_.data(),
                                 .near = near_.data(),
                                 .above = above_.data(),
                                 .masks = masks_.data(),
                                 .is_dense = false};
      sink_ = {literals_.data(), tokens_.data(), 0};
      encode::deflate_kernels(target).tokenize(band, sink_);
    }
  }

  // The bits of the last band that was taken.
  void emit(CpuTarget target) {
    encode::BitWriter writer{out_.data(), 0, 0};
    encode::deflate_kernels(target).emit(tokens_.data(),
                                         static_cast<std::size_t>(sink_.tokens - tokens_.data()),
                                         literals_.data(), sink_.pending, codes_, writer);
  }

  static constexpr std::size_t band_bytes = near_px;

 private:
  encode::RowShape shape_ = encode::indexed_rows;
  Memory bytes_, literals_, out_ = Memory(8 * band_bytes);
  std::vector<encode::Token> tokens_;
  std::vector<std::uint32_t> hash_ = std::vector<std::uint32_t>(1U << encode::hash_bits);
  std::vector<std::uint32_t> near_ = hash_;
  std::vector<std::uint16_t> above_ = std::vector<std::uint16_t>(encode::above_slots);
  std::vector<std::uint64_t> masks_ = std::vector<std::uint64_t>(4 * (band_bytes / 64 + 1));
  encode::TokenSink sink_{};
  encode::EmitTables codes_{};
};

std::vector<Kernel> deflate_kernels(const std::vector<Frame>& frames) {
  static Stream stream(frames), taken(frames);
  return {
      {"deflate/adler32", 1,
       [](CpuTarget target, std::size_t n) {
         benchmark::DoNotOptimize(encode::deflate_kernels(target).adler32(1, stream.bytes(), n));
       }},
      {"deflate/tokenize", 1, [](CpuTarget target, std::size_t n) { stream.take(target, n); }},
      {"deflate/emit", 1,
       [](CpuTarget target, std::size_t n) {
         for (std::size_t done = 0; done < n; done += Stream::band_bytes) taken.emit(target);
       }},
  };
}

void add_kernels(const std::vector<Kernel>& kernels) {
  for (const Kernel& kernel : kernels) {
    for (const CpuTarget target : encode::cpu_targets()) {
      for (const std::size_t count_px : {near_px, far_px}) {
        const std::string name = kernel.name + "/" + std::string(encode::name(target)) +
                                 (count_px == near_px ? "/near" : "/far");
        benchmark::RegisterBenchmark(
            name.c_str(), [kernel, target, count_px](benchmark::State& state) {
              for (auto _ : state) {
                kernel.work(target, count_px);
                benchmark::ClobberMemory();
              }
              state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                                      static_cast<std::int64_t>(kernel.read_bytes * count_px));
            });
      }
    }
  }
}

// What reads a whole frame; the bytes per second are the frame's.
void add_frame_work(const std::string& name, const Frame& frame,
                    const std::function<void(const ImageView&)>& work) {
  for (const bool cold : {false, true}) {
    const std::string full = name + "/" + frame.name + (cold ? "/cold" : "/warm");
    auto* registered =
        benchmark::RegisterBenchmark(full.c_str(), [&frame, work, cold](benchmark::State& state) {
          const ImageView& view = frame.image.view();
          for (auto _ : state) {
            if (cold) evict(view.pixels);
            const double ms = milliseconds([&] { work(view); });
            state.SetIterationTime(ms / 1000);
          }
          state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                                  static_cast<std::int64_t>(view.pixels.size()));
        });
    registered->UseManualTime();
  }
}

void add_frames(const std::vector<Frame>& frames) {
  for (const Frame& frame : frames) {
    for (const encode::Encoder& encoder : encode::encoders()) {
      add_frame_work("encode/" + std::string(encoder.name), frame, [&](const ImageView& view) {
        benchmark::DoNotOptimize(encode::encode(encoder, view).value());
      });
    }
    const ImageView& view = frame.image.view();
    const auto twin = std::make_shared<const Image>(test::to_format(view, view.format));
    add_frame_work("compare/equal", frame, [twin](const ImageView& one) {
      benchmark::DoNotOptimize(encode::equal(one, twin->view()));
    });
    add_frame_work("compare/changed_boxes", frame, [twin](const ImageView& one) {
      benchmark::DoNotOptimize(encode::changed_boxes(one, twin->view()));
    });
    add_frame_work("compare/psnr_db", frame, [twin](const ImageView& one) {
      benchmark::DoNotOptimize(encode::psnr_db(one, twin->view()));
    });
    add_frame_work("scale/to 480", frame, [](const ImageView& one) {
      const auto size = encode::fit_within({one.width_px, one.height_px}, 480);
      benchmark::DoNotOptimize(encode::scale(one, size).value());
    });
  }
}

}  // namespace
}  // namespace qmpshot::bench

int main(int argc, char** argv) {
  using namespace qmpshot::bench;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  std::vector<Frame> frames = collection(QMPSHOT_TEST_DATA "/frames");
  std::ranges::move(drawn_frames(frames), std::back_inserter(frames));
  add_kernels(compare_and_convert_kernels());
  add_kernels(scale_kernels());
  add_kernels(png_kernels());
  add_kernels(deflate_kernels(frames));
  add_frames(frames);
  benchmark::RunSpecifiedBenchmarks();
}
