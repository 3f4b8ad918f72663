// SPDX-License-Identifier: MIT
#include "encode/png_read.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <string>
#include <vector>

namespace qmpshot::encode {
namespace {

struct Source {
  std::span<const std::byte> rest;
  std::string error;
};

void read_bytes(png_structp png, png_bytep to, std::size_t size) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (size > source->rest.size()) png_error(png, "it ends too early");
  std::memcpy(to, source->rest.data(), size);
  source->rest = source->rest.subspan(size);
}

[[noreturn]] void on_error(png_structp png, png_const_charp words) {
  static_cast<Source*>(png_get_error_ptr(png))->error = words;
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

// The frames longjmp returns to hold nothing that needs a destructor.
bool read_header(png_structp png, png_infop info) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_user_limits(png, max_side_px, max_side_px);
  png_read_info(png, info);
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  return true;
}

bool read_rows(png_structp png, png_bytepp rows) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_read_image(png, rows);
  png_read_end(png, nullptr);
  return true;
}

}  // namespace

Result<Image> read_png(std::span<const std::byte> in) {
  Source source{in, {}};
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, on_error, ignore_warning);
  png_infop info = png != nullptr ? png_create_info_struct(png) : nullptr;
  std::vector<std::byte> pixels;
  ImageView view;
  bool done = false;
  if (info != nullptr) {
    png_set_read_fn(png, &source, read_bytes);
    if (read_header(png, info)) {
      view.width_px = png_get_image_width(png, info);
      view.height_px = png_get_image_height(png, info);
      view.stride_bytes = png_get_rowbytes(png, info);
      pixels.resize(view.stride_bytes * view.height_px);
      std::vector<png_bytep> rows(view.height_px);
      for (std::uint32_t y = 0; y < view.height_px; ++y) {
        rows[y] = reinterpret_cast<png_bytep>(pixels.data()) + y * view.stride_bytes;
      }
      done = read_rows(png, rows.data());
    }
  }
  png_destroy_read_struct(&png, &info, nullptr);
  if (!done) return Error(Errc::bad_image, "reading a PNG: " + source.error);
  view.pixels = pixels;
  return Image(std::move(pixels), view);
}

}  // namespace qmpshot::encode
