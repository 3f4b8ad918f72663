// SPDX-License-Identifier: MIT
#include "encode/png.h"

#include <png.h>

#include <csetjmp>
#include <exception>
#include <string>

namespace qmpshot::encode {
namespace {

struct Sink {
  std::vector<std::byte>* out;
  std::string error;
};

void write_bytes(png_structp png, png_bytep data, std::size_t size) {
  auto* sink = static_cast<Sink*>(png_get_io_ptr(png));
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  bool full = false;
  try {
    sink->out->insert(sink->out->end(), bytes, bytes + size);
  } catch (const std::exception&) {
    full = true;  // an exception must not pass through libpng's C frames
  }
  if (full) png_error(png, "out of memory");
}

[[noreturn]] void on_error(png_structp png, png_const_charp words) {
  static_cast<Sink*>(png_get_error_ptr(png))->error = words;
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

// The only frame longjmp returns to: nothing in it needs a destructor.
bool write_rows(png_structp png, png_infop info, const ImageView& image) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_IHDR(png, info, image.width_px, image.height_px, 8, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  if (image.format == PixelFormat::xrgb8888) {
    png_set_filler(png, 0, PNG_FILLER_AFTER);
    png_set_bgr(png);
  }
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    png_write_row(png, reinterpret_cast<png_const_bytep>(image.row(y).data()));
  }
  png_write_end(png, info);
  return true;
}

}  // namespace

Result<void> encode_png(const ImageView& image, std::vector<std::byte>& out) {
  Sink sink{&out, {}};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &sink, on_error, ignore_warning);
  png_infop info = png != nullptr ? png_create_info_struct(png) : nullptr;
  bool done = false;
  if (info != nullptr) {
    png_set_write_fn(png, &sink, write_bytes, nullptr);
    done = write_rows(png, info, image);
  }
  png_destroy_write_struct(&png, &info);
  if (!done) return Error(Errc::bad_argument, "writing a PNG: " + sink.error);
  return {};
}

}  // namespace qmpshot::encode
