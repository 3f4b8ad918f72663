// SPDX-License-Identifier: MIT
// Speed and size of our PNG encoder beside libpng's default, frame by frame: what the README's
// table and its longer form in tests/bench/README.md are made of. Encoders take turns, A B A B, and
// the median counts; every output is decoded by libpng and compared.
//
//   build/tests/bin/png_table [--cold] [--small] [--rounds N] FRAME.png...
#include "encode/kernels.h"
#include "encode/png.h"
#include "encode/png_read.h"
#include "tests/support/bytes.h"

#include <png.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace qmpshot::encode {
namespace {

using Bytes = std::vector<std::byte>;

void append(png_structp png, png_bytep data, std::size_t size) {
  auto* out = static_cast<Bytes*>(png_get_io_ptr(png));
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  out->insert(out->end(), bytes, bytes + size);
}

// As QEMU does it: ui/ui-qmp-cmds.c:png_save.
void libpng_default(const ImageView& image, Bytes& out) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &out, append, nullptr);
  png_set_IHDR(png, info, image.width_px, image.height_px, 8, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  png_write_info(png, info);
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    png_write_row(png, reinterpret_cast<png_const_bytep>(image.row(y).data()));
  }
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
}

// Pushes everything out of the caches: reads and writes more than the largest holds for us.
void evict() {
  static Bytes other(64U << 20U);
  for (std::size_t i = 0; i < other.size(); i += 64) {
    other[i] = static_cast<std::byte>(static_cast<unsigned>(other[i]) + 1U);
  }
}

double milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Row {
  double speed;
  double size;
};

struct Options {
  bool cold = false;
  bool small = false;
  int rounds = 15;
};

bool same_pixels(const Bytes& file, const ImageView& image) {
  const Image back = read_png(file).value();
  if (back.view().width_px != image.width_px || back.view().height_px != image.height_px)
    return false;
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    if (std::memcmp(back.view().row(y).data(), image.row(y).data(), image.row_bytes()) != 0) {
      return false;
    }
  }
  return true;
}

Row measure(const std::string& path, const Options& options) {
  const Bytes file = test::read_file(path);
  const Image image = read_png(file).value();
  EncodeOptions ours_options;
  ours_options.small = options.small;
  std::vector<double> theirs_ms;
  std::vector<double> ours_ms;
  Bytes theirs;
  Bytes ours;
  for (int round = 0; round < options.rounds; ++round) {
    if (options.cold) evict();
    theirs.clear();
    if (round < 5 || options.small) {
      theirs_ms.push_back(milliseconds([&] { libpng_default(image.view(), theirs); }));
    }
    for (int repeat = 0; repeat < (options.cold || options.small ? 1 : 5); ++repeat) {
      Bytes().swap(ours);
      if (options.cold) evict();
      ours_ms.push_back(
          milliseconds([&] { encode_png(image.view(), ours_options, ours).value(); }));
    }
  }
  if (theirs.empty()) libpng_default(image.view(), theirs);
  if (!same_pixels(ours, image.view())) {
    std::printf("%s: THE DECODED PIXELS DIFFER\n", path.c_str());
    std::exit(1);
  }
  const Row row = {median(theirs_ms) / median(ours_ms),
                   static_cast<double>(ours.size()) / static_cast<double>(theirs.size())};
  std::printf("%-52s %8.3f ms %8zu B | %8.4f ms %8zu B | %7.1fx %6.3f\n",
              path.substr(path.rfind('/') + 1).c_str(), median(theirs_ms), theirs.size(),
              median(ours_ms), ours.size(), row.speed, row.size);
  std::fflush(stdout);
  return row;
}

std::string class_of(const std::string& path) {
  if (path.find("flat-desktop") != std::string::npos) return "flat desktop";
  if (path.find("desktop") != std::string::npos) return "photo desktop";
  return "console";
}

void summary(const std::string& name, const std::vector<Row>& rows) {
  double speed = 0;
  double size = 0;
  for (const Row& row : rows) {
    speed += std::log(row.speed);
    size += std::log(row.size);
  }
  const auto n = static_cast<double>(rows.size());
  const auto slowest = std::ranges::min(rows, {}, &Row::speed).speed;
  const auto fastest = std::ranges::max(rows, {}, &Row::speed).speed;
  const auto least = std::ranges::min(rows, {}, &Row::size).size;
  const auto most = std::ranges::max(rows, {}, &Row::size).size;
  std::printf(
      "%-14s speed %6.1f / %6.1f / %6.1f   size %.3f / %.3f / %.3f  (min / geomean / max)\n",
      name.c_str(), slowest, std::exp(speed / n), fastest, least, std::exp(size / n), most);
}

}  // namespace
}  // namespace qmpshot::encode

int main(int argc, char** argv) {
  using namespace qmpshot::encode;
  Options options;
  std::map<std::string, std::vector<Row>> classes;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--cold") {
      options.cold = true;
    } else if (word == "--small") {
      options.small = true;
    } else if (word == "--rounds" && i + 1 < argc) {
      options.rounds = std::atoi(argv[++i]);
    } else {
      classes[class_of(word)].push_back(measure(word, options));
    }
  }
  std::printf("target %s\n", std::string(name(cpu_target())).c_str());
  for (const auto& [name, rows] : classes) summary(name, rows);
}
