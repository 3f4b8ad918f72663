// SPDX-License-Identifier: MIT
#include "tests/bench/contenders.h"

#include "encode/encoder.h"
#include "encode/png_read.h"
#include "encode/ppm.h"
#include "encode/threads.h"
#include "tests/support/bmp_reader.h"
#include "tests/support/jpeg_reader.h"
#include "tests/support/qoi_reader.h"
#include "tests/support/tool.h"

#include <libdeflate.h>
#include <png.h>

#include <cstring>
#include <memory>
#include <stdexcept>

#ifdef QMPSHOT_BENCH_SPNG
#include <spng.h>
#endif
#ifdef QMPSHOT_BENCH_ISAL
#include <isa-l/igzip_lib.h>
#endif

namespace qmpshot::bench {
namespace {

Image decode_png(const Bytes& file) {
  return encode::read_png(file).value();
}

Image decode_ppm(const Bytes& file) {
  const auto owner = std::make_shared<const Bytes>(file);
  return Image(owner, encode::parse_ppm(*owner).value());
}

// ui/ui-qmp-cmds.c:png_save, with the settings it leaves alone where `level` is -1.
void libpng(const ImageView& image, int level, int filters, Bytes& out) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  const auto append = [](png_structp writer, png_bytep data, std::size_t size) {
    auto* to = static_cast<Bytes*>(png_get_io_ptr(writer));
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    to->insert(to->end(), bytes, bytes + size);
  };
  png_set_write_fn(png, &out, append, nullptr);
  if (level >= 0) {
    png_set_compression_level(png, level);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, filters);
  }
  png_set_IHDR(png, info, image.width_px, image.height_px, 8, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  png_write_info(png, info);
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    png_write_row(png, reinterpret_cast<png_const_bytep>(image.row(y).data()));
  }
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
}

void put_word(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::byte>(value >> shift & 0xFF));
}

void put_chunk(Bytes& out, std::string_view type, std::span<const std::byte> data) {
  put_word(out, static_cast<std::uint32_t>(data.size()));
  const std::size_t start = out.size();
  const auto name = test::bytes(type);
  out.insert(out.end(), name.begin(), name.end());
  out.insert(out.end(), data.begin(), data.end());
  put_word(out, libdeflate_crc32(0, out.data() + start, out.size() - start));
}

// 8-bit RGB, no filter, the rows compressed by `zlib_stream` into a buffer it sizes itself.
template <class ZlibStream>
void rgb_png(const ImageView& image, Bytes& out, ZlibStream&& zlib_stream) {
  Bytes rows((image.row_bytes() + 1) * image.height_px);
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    std::memcpy(&rows[y * (image.row_bytes() + 1) + 1], image.row(y).data(), image.row_bytes());
  }
  const Bytes stream = zlib_stream(rows);
  out = test::bytes("\x89PNG\r\n\x1a\n");
  Bytes header;
  put_word(header, image.width_px);
  put_word(header, image.height_px);
  for (const int value : {8, PNG_COLOR_TYPE_RGB, 0, 0, 0})
    header.push_back(static_cast<std::byte>(value));
  put_chunk(out, "IHDR", header);
  put_chunk(out, "IDAT", stream);
  put_chunk(out, "IEND", {});
}

Contender libdeflate_rgb(int level) {
  const std::shared_ptr<libdeflate_compressor> compressor(libdeflate_alloc_compressor(level),
                                                          libdeflate_free_compressor);
  const auto stream = [compressor](const Bytes& rows) {
    Bytes to(libdeflate_zlib_compress_bound(compressor.get(), rows.size()));
    to.resize(
        libdeflate_zlib_compress(compressor.get(), rows.data(), rows.size(), to.data(), to.size()));
    return to;
  };
  return {"libdeflate " + std::to_string(level) + ", RGB, no filter",
          [stream](const ImageView& image, Bytes& out) { rgb_png(image, out, stream); },
          decode_png};
}

#ifdef QMPSHOT_BENCH_ISAL
Contender isal_rgb() {
  const auto stream = [](const Bytes& rows) {
    Bytes to(rows.size() + rows.size() / 8 + 4096);
    Bytes scratch(ISAL_DEF_LVL1_DEFAULT);
    isal_zstream state;
    isal_deflate_init(&state);
    // libisal takes pointers to what it does not change.
    state.next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(rows.data()));
    state.avail_in = static_cast<std::uint32_t>(rows.size());
    state.next_out = reinterpret_cast<std::uint8_t*>(to.data());
    state.avail_out = static_cast<std::uint32_t>(to.size());
    state.end_of_stream = 1;
    state.gzip_flag = IGZIP_ZLIB;
    state.level = 1;
    state.level_buf = reinterpret_cast<std::uint8_t*>(scratch.data());
    state.level_buf_size = static_cast<std::uint32_t>(scratch.size());
    if (isal_deflate(&state) != COMP_OK) throw std::runtime_error("ISA-L failed");
    to.resize(state.total_out);
    return to;
  };
  return {"ISA-L 1, RGB, no filter",
          [stream](const ImageView& image, Bytes& out) { rgb_png(image, out, stream); },
          decode_png};
}
#endif

#ifdef QMPSHOT_BENCH_SPNG
void spng_default(const ImageView& image, Bytes& out) {
  const std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)> context(spng_ctx_new(SPNG_CTX_ENCODER),
                                                                    spng_ctx_free);
  spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{image.width_px, image.height_px, 8, SPNG_COLOR_TYPE_TRUECOLOR, 0, 0, 0};
  spng_set_ihdr(context.get(), &header);
  if (spng_encode_image(context.get(), image.pixels.data(), image.row_bytes() * image.height_px,
                        SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE) != 0) {
    throw std::runtime_error("libspng failed");
  }
  std::size_t size = 0;
  int error = 0;
  const std::unique_ptr<void, decltype(&std::free)> file(
      spng_get_png_buffer(context.get(), &size, &error), std::free);
  if (file == nullptr) throw std::runtime_error("libspng failed");
  const auto* bytes = static_cast<const std::byte*>(file.get());
  out.assign(bytes, bytes + size);
}
#endif

// The whole of it, as a script has it: the PPM into a file, the program, its output.
Contender pnmtopng(const std::string& options) {
  return {"pnmtopng" + options,
          [options](const ImageView& image, Bytes& out) {
            Bytes ppm;
            encode::encode_ppm(image, ppm).value();
            out = test::run_tool("pnmtopng -quiet" + options + " {} 2>/dev/null", ppm);
          },
          decode_png, true, true};
}

}  // namespace

Contender libpng_default() {
  return {"libpng, default", [](const ImageView& image, Bytes& out) { libpng(image, -1, 0, out); },
          decode_png};
}

std::vector<Contender> our_encoders() {
  const auto ours = [](const encode::Encoder& encoder, const encode::EncodeOptions& options) {
    return [&encoder, options](const ImageView& image, Bytes& out) {
      out = encode::encode(encoder, image, options).value();
    };
  };
  std::vector<Contender> all;
  encode::EncodeOptions one_thread;
  one_thread.threads = 1;
  for (const encode::Encoder& encoder : encode::encoders()) {
    if (encoder.name == "null") continue;
    const std::string name(encoder.name);
    Contender one{"qmpshot " + name, ours(encoder, one_thread), decode_png};
    if (name == "ppm") one.decode = decode_ppm;
    if (name == "bmp") one.decode = [](const Bytes& file) { return test::read_bmp(file); };
    if (name == "qoi") one.decode = [](const Bytes& file) { return test::read_qoi(file); };
    if (name == "jpeg") one.decode = [](const Bytes& file) { return test::read_jpeg(file); };
    one.lossless = name != "jpeg";
    all.push_back(std::move(one));
  }
  if (const unsigned threads = encode::usable_threads(); threads > 1) {
    all.push_back({"qmpshot png, " + std::to_string(threads) + " threads",
                   ours(*encode::find_encoder("png"), {}), decode_png});
  }
  encode::EncodeOptions small;
  small.small = true;
  all.push_back({"qmpshot png --small", ours(*encode::find_encoder("png"), small), decode_png});
  return all;
}

std::vector<Contender> other_encoders() {
  std::vector<Contender> all;
  all.push_back({"libpng 1, no filter",
                 [](const ImageView& image, Bytes& out) { libpng(image, 1, PNG_FILTER_NONE, out); },
                 decode_png});
#ifdef QMPSHOT_BENCH_SPNG
  all.push_back({"libspng, default", spng_default, decode_png});
#endif
#ifdef QMPSHOT_BENCH_ISAL
  all.push_back(isal_rgb());
#endif
  all.push_back(libdeflate_rgb(1));
  all.push_back(libdeflate_rgb(6));
  if (test::has_tool("pnmtopng")) {
    all.push_back(pnmtopng(""));
    all.push_back(pnmtopng(" -compression 9"));
  }
  return all;
}

}  // namespace qmpshot::bench
