// SPDX-License-Identifier: MIT
#include "encode/encoder.h"

#include "encode/bmp.h"
#include "encode/geometry.h"
#include "encode/jpeg.h"
#include "encode/kernels.h"
#include "encode/png.h"
#include "encode/ppm.h"
#include "encode/qoi.h"

#include <algorithm>
#include <array>
#include <new>
#include <string>

namespace qmpshot::encode {
namespace {

constexpr std::array<std::string_view, 1> png_extensions = {".png"};
constexpr std::array<std::string_view, 2> jpeg_extensions = {".jpg", ".jpeg"};
constexpr std::array<std::string_view, 2> bmp_extensions = {".bmp", ".dib"};
constexpr std::array<std::string_view, 1> qoi_extensions = {".qoi"};
constexpr std::array<std::string_view, 2> ppm_extensions = {".ppm", ".pnm"};

Result<void> jpeg(const ImageView& image, const EncodeOptions& options,
                  std::vector<std::byte>& out) {
  return encode_jpeg(image, options.quality, out);
}

Result<void> bmp(const ImageView& image, const EncodeOptions&, std::vector<std::byte>& out) {
  return encode_bmp(image, out);
}

Result<void> qoi(const ImageView& image, const EncodeOptions&, std::vector<std::byte>& out) {
  return encode_qoi(image, out);
}

Result<void> ppm(const ImageView& image, const EncodeOptions&, std::vector<std::byte>& out) {
  return encode_ppm(image, out);
}

Result<void> null(const ImageView&, const EncodeOptions&, std::vector<std::byte>&) {
  return {};
}

constexpr std::array<Encoder, 6> table = {{
    {"png", "image/png", png_extensions, encode_png},
    {"jpeg", "image/jpeg", jpeg_extensions, jpeg},
    {"bmp", "image/bmp", bmp_extensions, bmp},
    {"qoi", "image/qoi", qoi_extensions, qoi},
    {"ppm", "image/x-portable-pixmap", ppm_extensions, ppm},
    {"null", "application/octet-stream", {}, null},
}};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::span<const Encoder> encoders() noexcept {
  return table;
}

const Encoder* find_encoder(std::string_view name) noexcept {
  const auto* found = std::ranges::find(table, name, &Encoder::name);
  return found == table.end() ? nullptr : found;
}

const Encoder* find_encoder_for_path(std::string_view path) noexcept {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return nullptr;
  std::string extension(path.substr(dot));
  std::ranges::transform(extension, extension.begin(), lower);
  for (const Encoder& encoder : table) {
    if (std::ranges::find(encoder.extensions, extension) != encoder.extensions.end()) {
      return &encoder;
    }
  }
  return nullptr;
}

Result<std::vector<std::byte>> encode(const Encoder& encoder, const ImageView& image,
                                      const EncodeOptions& options) {
  if (!is_whole(image) || image.width_px > max_side_px || image.height_px > max_side_px) {
    return Error(Errc::bad_argument, "encoding as " + std::string(encoder.name) + ": an image of " +
                                         std::to_string(image.width_px) + "x" +
                                         std::to_string(image.height_px));
  }
  Result<void> target = check_cpu_target();
  if (!target) return target.error();
  try {
    std::vector<std::byte> out;
    Result<void> done = encoder.encode(image, options, out);
    if (!done) return done.error();
    return out;
  } catch (const std::bad_alloc&) {
    return Error(Errc::cannot_write,
                 "encoding as " + std::string(encoder.name) + ": out of memory");
  }
}

}  // namespace qmpshot::encode
