// SPDX-License-Identifier: MIT
// libjpeg's own reader as the judge of our JPEG files.
#pragma once

#include <qmpshot/image.h>

#include <jpeglib.h>

#include <cstdio>
#include <span>
#include <stdexcept>
#include <vector>

namespace qmpshot::test {

// Throws std::runtime_error, warnings of libjpeg's included.
inline Image read_jpeg(std::span<const std::byte> file) {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  const auto refuse = [](j_common_ptr common) {
    char words[JMSG_LENGTH_MAX];
    common->err->format_message(common, words);
    throw std::runtime_error(words);  // Debian builds libjpeg-turbo with unwind tables
  };
  errors.error_exit = refuse;
  errors.output_message = refuse;
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = JCS_EXT_RGB;
  jpeg_start_decompress(&jpeg);
  ImageView view{{}, jpeg.output_width, jpeg.output_height, 3UL * jpeg.output_width};
  std::vector<std::byte> pixels(view.stride_bytes * view.height_px);
  while (jpeg.output_scanline < jpeg.output_height) {
    auto* row =
        reinterpret_cast<JSAMPLE*>(pixels.data() + jpeg.output_scanline * view.stride_bytes);
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  view.pixels = pixels;
  return Image(std::move(pixels), view);
}

}  // namespace qmpshot::test
