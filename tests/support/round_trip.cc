// SPDX-License-Identifier: MIT
#include "tests/support/round_trip.h"

#include "encode/encoder.h"
#include "encode/kernels.h"
#include "encode/png.h"
#include "encode/png_read.h"
#include "encode/ppm.h"
#include "tests/support/bmp_reader.h"
#include "tests/support/fleeting_rows.h"
#include "tests/support/qoi_reader.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace qmpshot::test {
namespace {

using encode::CpuTarget;
using encode::Encoder;
using Bytes = std::vector<std::byte>;

// A decoder's rows as packed RGB; empty where it refuses the file.
Bytes packed(const Result<Image>& image) {
  Bytes rgb;
  if (!image) return rgb;
  const ImageView& view = image->view();
  for (std::uint32_t y = 0; y < view.height_px; ++y) {
    const auto row = view.row(y);
    rgb.insert(rgb.end(), row.begin(), row.end());
  }
  return rgb;
}

Bytes decode_png(const Bytes& file) {
  return packed(encode::read_png(file));
}

Bytes decode_ppm(const Bytes& file) {
  const Result<ImageView> view = encode::parse_ppm(file);
  return view ? packed(Image(Bytes(), *view)) : Bytes();
}

Bytes decode_bmp(const Bytes& file) {
  return packed(read_bmp(file));
}

Bytes decode_qoi(const Bytes& file) {
  return packed(read_qoi(file));
}

// One row for each lossless format.
struct Format {
  std::string_view name;
  Bytes (*decode)(const Bytes& file);
};
constexpr std::array<Format, 4> formats = {
    {{"png", decode_png}, {"ppm", decode_ppm}, {"bmp", decode_bmp}, {"qoi", decode_qoi}}};

std::string describe(const ImageView& view, std::string_view what, std::string_view encoder,
                     CpuTarget target, std::uint64_t seed) {
  return std::string(what) + ": " + std::string(encoder) + " on " + std::string(name(target)) +
         ", seed " + std::to_string(seed) + ", " + std::to_string(view.width_px) + "x" +
         std::to_string(view.height_px) +
         (view.format == PixelFormat::rgb24 ? " rgb24" : " xrgb8888");
}

encode::EncodeOptions options_for(std::uint64_t seed, const ImageView& view) {
  encode::EncodeOptions options;
  // Small ones only: the strategies of `small` are slow.
  options.small = seed % 32 == 7 && view.width_px * view.height_px < 2000;
  if (seed % 64 == 9) options.title = "V\xC3\xBC";
  return options;
}

// Whether a file that was made on one target is also made from rows, on another: where and only
// where it has a palette of sixteen colours at most.
bool is_made_from_rows(const ImageView& view, const encode::EncodeOptions& options,
                       CpuTarget target, const Bytes& file) {
  encode::use_cpu_target(target).value();
  constexpr std::size_t depth_at = 24, colour_at = 25;  // behind the signature and IHDR's sides
  const bool is_console = file[colour_at] == std::byte{3} && file[depth_at] < std::byte{8};
  FleetingRows rows(view);
  Bytes out;
  const Result<bool> made = encode::encode_console_png(rows, options, out);
  return made && *made == is_console && (is_console ? out == file : out.empty());
}

}  // namespace

std::string RoundTrip::check(std::uint64_t seed) {
  const ImageView view = maker_.make(seed);
  encode::EncodeOptions options = options_for(seed, view);
  for (const Format& format : formats) {
    const Encoder& encoder = *encode::find_encoder(format.name);
    Bytes first;
    for (const CpuTarget target : encode::cpu_targets()) {
      encode::use_cpu_target(target).value();
      options.threads = target == CpuTarget::scalar ? 1 : 3;
      const Result<Bytes> file = encode::encode(encoder, view, options);
      if (!file) return describe(view, file.error().message(), encoder.name, target, seed);
      if (target == CpuTarget::scalar) {
        first = *file;
        digest_ = libdeflate_crc32(digest_, first.data(), first.size());
        if (format.decode(first) == maker_.rgb()) continue;
        return describe(view, "decodes to other pixels", encoder.name, target, seed);
      }
      if (*file != first) {
        return describe(view, "other bytes than scalar on one thread", encoder.name, target, seed);
      }
    }
    const CpuTarget any = encode::cpu_targets()[seed / 3 % encode::cpu_targets().size()];
    if (format.name == "png" && !options.small && !is_made_from_rows(view, options, any, first)) {
      return describe(view, "other bytes from rows", encoder.name, any, seed);
    }
  }
  return {};
}

}  // namespace qmpshot::test
