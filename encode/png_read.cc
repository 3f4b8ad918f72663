// SPDX-License-Identifier: MIT
#include "encode/png_read.h"

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace qmpshot::encode {
namespace {

struct Source {
  std::span<const std::byte> rest;
  std::array<char, 256> error;  // fixed: libpng's C frames must see no exception
};

void read_bytes(png_structp png, png_bytep to, std::size_t size) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (size > source->rest.size()) png_error(png, "it ends too early");
  std::memcpy(to, source->rest.data(), size);
  source->rest = source->rest.subspan(size);
}

[[noreturn]] void on_error(png_structp png, png_const_charp words) {
  auto* source = static_cast<Source*>(png_get_error_ptr(png));
  (void)std::snprintf(source->error.data(), source->error.size(), "%s", words);
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

// The frames longjmp returns to hold nothing that needs a destructor.
bool read_header(png_structp png, png_infop info) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_user_limits(png, max_side_px, max_side_px);
  // No profile, text or time is wanted, least of all inflated.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(png, info);
  return true;
}

bool read_rows(png_structp png, png_infop info, png_bytepp rows) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  png_read_image(png, rows);
  png_read_end(png, nullptr);
  return true;
}

// libpng's two structures, freed however we leave.
struct Reader {
  explicit Reader(Source& source)
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, on_error, ignore_warning)),
        info(png != nullptr ? png_create_info_struct(png) : nullptr) {
    if (info != nullptr) png_set_read_fn(png, &source, read_bytes);
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  png_structp png;
  png_infop info;
};

Error bad_png(std::string_view why) {
  return Error(Errc::bad_image, "reading a PNG: " + std::string(why));
}

}  // namespace

Result<Image> read_png(std::span<const std::byte> in, std::size_t max_pixels) {
  Source source{in, {}};
  Reader reader(source);
  if (reader.info == nullptr) return bad_png("out of memory");
  if (!read_header(reader.png, reader.info)) return bad_png(source.error.data());

  ImageView view{{},
                 png_get_image_width(reader.png, reader.info),
                 png_get_image_height(reader.png, reader.info)};
  view.stride_bytes = view.row_bytes();
  const std::size_t pixel_count = std::size_t{view.width_px} * view.height_px;
  const std::string size = std::to_string(view.width_px) + "x" + std::to_string(view.height_px);
  if (pixel_count > max_pixels) {
    return bad_png("its size is " + size + ", more than " + std::to_string(max_pixels) + " pixels");
  }
  // An inflated byte costs at least 1/1032 of a deflated one (zlib's "Maximum Compression Factor").
  const std::size_t packed_bytes = png_get_rowbytes(reader.png, reader.info) * view.height_px;
  if (packed_bytes / 1032 > in.size()) {
    return bad_png("its size is " + size + ", too much for a file of " + std::to_string(in.size()) +
                   " bytes");
  }

  std::vector<std::byte> pixels(view.stride_bytes * view.height_px);
  std::vector<png_bytep> rows(view.height_px);
  for (std::uint32_t y = 0; y < view.height_px; ++y) {
    rows[y] = reinterpret_cast<png_bytep>(pixels.data()) + y * view.stride_bytes;
  }
  if (!read_rows(reader.png, reader.info, rows.data())) return bad_png(source.error.data());
  view.pixels = pixels;
  return Image(std::move(pixels), view);
}

}  // namespace qmpshot::encode
