// SPDX-License-Identifier: MIT
#include "tests/bench/frames.h"

#include "encode/png_read.h"
#include "tests/bench/canvas.h"
#include "tests/support/bytes.h"
#include "tests/support/frame_maker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <stdexcept>

namespace qmpshot::bench {
namespace {

using Colours = std::array<std::uint32_t, 16>;

// The text colours of VGA adapters (IBM's "CGA" palette).
constexpr Colours vga = {0x000000, 0x0000AA, 0x00AA00, 0x00AAAA, 0xAA0000, 0xAA00AA,
                         0xAA5500, 0xAAAAAA, 0x555555, 0x5555FF, 0x55FF55, 0x55FFFF,
                         0xFF5555, 0xFF55FF, 0xFFFF55, 0xFFFFFF};

FrameClass class_of(const std::string& file_name) {
  if (file_name.starts_with("flat-desktop")) return FrameClass::flat_desktop;
  if (file_name.starts_with("desktop")) return FrameClass::photo_desktop;
  return FrameClass::console;
}

// Writes words of a vocabulary, a few of them often and most of them rarely, as text has them.
class Writer {
 public:
  Writer(Canvas& to, const Font& with, std::uint64_t seed)
      : canvas(to), font(with), random(seed), words_(400) {
    for (auto& word : words_) {
      word.resize(1 + random.below(10));
      for (std::size_t& glyph : word) glyph = random.below(1000);
    }
  }

  template <class Ink>
  void line(std::uint32_t x, std::uint32_t y, std::uint32_t end_px, Ink&& ink) {
    write(x, end_px, font.width_px, [&, y](std::uint32_t at, std::size_t glyph, bool first) {
      if (first) colour_ = ink();
      canvas.glyph(font, glyph, at, y, colour_);
    });
  }

  void smooth_line(std::uint32_t x, std::uint32_t y, std::uint32_t end_px, std::uint32_t ink) {
    write(x, end_px, font.width_px * 2 / 3, [&, y](std::uint32_t at, std::size_t glyph, bool) {
      canvas.smooth_glyph(font, glyph, at, y, ink);
    });
  }

  Canvas& canvas;
  const Font& font;
  test::SplitMix random;

 private:
  template <class Put>
  void write(std::uint32_t x, std::uint32_t end_px, std::uint32_t step, Put&& put) {
    while (x + step <= end_px) {
      const auto size = static_cast<std::uint32_t>(words_.size());
      const auto& word = words_[random.below(1 + random.below(size))];
      for (std::size_t i = 0; i < word.size() && x + step <= end_px; ++i, x += step) {
        put(x, word[i], i == 0);
      }
      x += step * (random.one_in(6) ? 4 : 1);
    }
  }

  std::vector<std::vector<std::size_t>> words_;
  std::uint32_t colour_ = 0;
};

// A kernel's log: lines of any length, one colour, now and then a bright word.
Image log_screen(const Font& font, std::uint32_t width, std::uint32_t height, std::uint64_t seed) {
  Canvas canvas(width, height);
  Writer writer(canvas, font, seed);
  for (std::uint32_t y = 0; y + font.height_px <= height; y += font.height_px) {
    const std::uint32_t end = width / 6 + writer.random.below(width);
    writer.line(0, y, std::min(end, width), [&] { return vga[writer.random.one_in(30) ? 15 : 7]; });
  }
  return canvas.image();
}

// `ls --color`: columns of names in eight colours.
Image listing_screen(const Font& font, std::uint32_t width, std::uint32_t height,
                     std::uint64_t seed) {
  Canvas canvas(width, height);
  Writer writer(canvas, font, seed);
  const std::uint32_t column = 20 * font.width_px;
  for (std::uint32_t y = 0; y + font.height_px <= height; y += font.height_px) {
    for (std::uint32_t x = 0; x + column <= width; x += column) {
      const std::uint32_t ink = vga[8 + writer.random.below(8)];
      writer.line(x, y, x + font.width_px * (3 + writer.random.below(15)), [&] { return ink; });
    }
  }
  return canvas.image();
}

// An installer: blue, a grey window with a shadow, a red button.
Image dialog_screen(const Font& font, std::uint32_t width, std::uint32_t height,
                    std::uint64_t seed) {
  Canvas canvas(width, height, vga[1]);
  Writer writer(canvas, font, seed);
  const std::uint32_t x = width / 8, y = height / 6, w = width * 3 / 4, h = height * 2 / 3;
  canvas.fill(x + 2 * font.width_px, y + font.height_px, w, h, vga[0]);
  canvas.fill(x, y, w, h, vga[7]);
  for (std::uint32_t line = y + font.height_px; line + 4 * font.height_px < y + h;
       line += font.height_px) {
    const std::uint32_t ink = vga[writer.random.one_in(8) ? 4 : 0];
    writer.line(x + 2 * font.width_px, line, x + w - 2 * font.width_px, [&] { return ink; });
  }
  canvas.fill(x + w / 3, y + h - 2 * font.height_px, w / 6, font.height_px, vga[4]);
  writer.line(x + w / 3 + font.width_px, y + h - 2 * font.height_px, x + w / 2,
              [&] { return vga[14]; });
  return canvas.image();
}

// A process viewer at its worst: each word another colour, every third line on another ground.
Image dense_screen(const Font& font, std::uint32_t width, std::uint32_t height,
                   std::uint64_t seed) {
  Canvas canvas(width, height);
  Writer writer(canvas, font, seed);
  for (std::uint32_t y = 0; y + font.height_px <= height; y += font.height_px) {
    if (writer.random.one_in(3)) {
      canvas.fill(0, y, width, font.height_px, vga[writer.random.below(7)]);
    }
    writer.line(0, y, width, [&] { return vga[7 + writer.random.below(9)]; });
  }
  return canvas.image();
}

Image login_screen(const Font& font, std::uint32_t width, std::uint32_t height,
                   std::uint64_t seed) {
  Canvas canvas(width, height);
  Writer writer(canvas, font, seed);
  for (std::uint32_t line = 0; line < 4; ++line) {
    writer.line(0, line * font.height_px, width / 3, [] { return vga[7]; });
  }
  return canvas.image();
}

// A window with a title bar that shades, lines of text and a column of round icons.
void draw_window(Writer& writer, std::uint32_t x, std::uint32_t y, std::uint32_t w,
                 std::uint32_t h) {
  Canvas& canvas = writer.canvas;
  const std::uint32_t accent =
      0x303030 + static_cast<std::uint32_t>(writer.random.next() & 0x7F7F7F);
  canvas.fill(x, y, w, h, 0xB0B0B0);
  canvas.fill(x + 1, y + 1, w - 2, h - 2, 0xFAFAFA);
  for (std::uint32_t i = 0; i < 30; ++i) {
    canvas.fill(x + 1, y + 1 + i, w - 2, 1, blend(0xF0F0F0, accent, 40 + 4 * i));
  }
  writer.smooth_line(x + 12, y + 10, x + w / 3, 0x202020);
  canvas.fill(x + 1, y + 31, w / 5, h - 32, 0xEBEBED);
  for (std::uint32_t row = y + 44; row + 40 < y + h; row += 18) {
    if (writer.random.one_in(7)) continue;
    writer.smooth_line(x + w / 5 + 14, row,
                       x + w / 5 + 14 + writer.random.below(std::max(1U, w * 3 / 4)), 0x2E3436);
  }
  for (std::uint32_t row = y + 44; row + 40 < y + h && w > 200; row += 36) {
    for (std::uint32_t i = 0; i < 24 * 24; ++i) {
      const auto dx = static_cast<int>(i % 24) - 12, dy = static_cast<int>(i / 24) - 12;
      if (dx * dx + dy * dy < 132) {
        canvas.fill(x + 10 + i % 24, row + i / 24, 1, 1, blend(accent, 0xFFFFFF, i / 24 * 8));
      }
    }
    writer.smooth_line(x + 40, row + 8, x + w / 5 - 8, 0x2E3436);
  }
}

void draw_desktop(Writer& writer, std::uint32_t windows) {
  Canvas& canvas = writer.canvas;
  const std::uint32_t width = canvas.width_px(), height = canvas.height_px();
  for (std::uint32_t i = 0; i < windows; ++i) {
    const std::uint32_t w = width / 4 + writer.random.below(width / 4);
    const std::uint32_t h = height / 4 + writer.random.below(height / 4);
    draw_window(writer, writer.random.below(width - w), 30 + writer.random.below(height - h - 30),
                w, h);
  }
  canvas.fill(0, 0, width, 28, 0x1A1A1A);
  writer.smooth_line(20, 8, width / 5, 0xF0F0F0);
  writer.smooth_line(width / 2 - 50, 8, width / 2 + 50, 0xF0F0F0);
}

Image flat_desktop(const Font& font, std::uint32_t width, std::uint32_t height,
                   std::uint64_t seed) {
  Canvas canvas(width, height, 0x2E5E8C);
  Writer writer(canvas, font, seed);
  draw_desktop(writer, 4);
  return canvas.image();
}

// Smooth noise: random values on a grid, blended between its points.
class Noise {
 public:
  Noise(std::uint32_t cells, test::SplitMix& random) : cells_(cells), values_(cells * cells) {
    for (double& value : values_) value = random.below(1000) / 1000.0;
  }
  // x and y in 0..1
  [[nodiscard]] double at(double x, double y) const {
    x *= cells_ - 1.001;
    y *= cells_ - 1.001;
    const auto column = static_cast<std::uint32_t>(x), row = static_cast<std::uint32_t>(y);
    const double u = ease(x - column), v = ease(y - row);
    const double* p = &values_[row * cells_ + column];
    return (p[0] * (1 - u) + p[1] * u) * (1 - v) + (p[cells_] * (1 - u) + p[cells_ + 1] * u) * v;
  }

 private:
  static double ease(double t) { return t * t * (3 - 2 * t); }
  std::uint32_t cells_;
  std::vector<double> values_;
};

// A landscape of clouds and hills with a camera's grain.
Image photo_desktop(const Font& font, std::uint32_t width, std::uint32_t height,
                    std::uint64_t seed) {
  Canvas canvas(width, height);
  Writer writer(canvas, font, seed);
  const Noise large(6, writer.random), middle(24, writer.random), small(150, writer.random);
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      const double u = 1.0 * x / width, v = 1.0 * y / height;
      const double shape = 0.6 * large.at(u, v) + 0.3 * middle.at(u, v) + 0.1 * small.at(u, v);
      const double grain = writer.random.below(1000) / 1000.0 - 0.5;
      const auto channel = [&](double base, double range) {
        return static_cast<std::uint32_t>(
            std::clamp(base + range * shape + 9 * grain + 60 * v, 0.0, 255.0));
      };
      canvas.at(x, y) = channel(30, 120) << 16 | channel(50, 140) << 8 | channel(90, 110);
    }
  }
  draw_desktop(writer, 2);
  return canvas.image();
}

const Frame& named(const std::vector<Frame>& frames, std::string_view name) {
  const auto found = std::ranges::find(frames, name, &Frame::name);
  if (found == frames.end()) throw std::runtime_error("no frame " + std::string(name));
  return *found;
}

}  // namespace

std::string_view name(FrameClass frame_class) {
  switch (frame_class) {
    case FrameClass::console: return "console";
    case FrameClass::flat_desktop: return "flat desktop";
    case FrameClass::photo_desktop: return "photo desktop";
  }
  return "unknown";
}

std::vector<Frame> collection(const std::string& folder) {
  std::vector<Frame> frames;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".png") continue;
    const std::string name = entry.path().stem();
    frames.push_back(
        {name, class_of(name), encode::read_png(test::read_file(entry.path())).value()});
  }
  std::ranges::sort(frames, {}, &Frame::name);
  return frames;
}

std::vector<Frame> made_frames(const std::vector<Frame>& collection) {
  const Font vga_font = cut_font(named(collection, "linux-text-dmesg-720x400").image.view(), 9, 16);
  const Font fb_font =
      cut_font(named(collection, "linux-fbcon-bochs-1280x800").image.view(), 8, 16);
  constexpr auto console = FrameClass::console;
  constexpr auto flat = FrameClass::flat_desktop;
  constexpr auto photo = FrameClass::photo_desktop;
  std::vector<Frame> frames;
  const auto add = [&](std::string_view name, FrameClass frame_class, Image image) {
    const ImageView& view = image.view();
    std::string full = "made-";
    full.append(name).append("-").append(std::to_string(view.width_px));
    full.append("x").append(std::to_string(view.height_px));
    frames.push_back({std::move(full), frame_class, std::move(image)});
  };
  add("vga-log", console, log_screen(vga_font, 720, 400, 1));
  add("vga-listing", console, listing_screen(vga_font, 720, 400, 2));
  add("vga-dialog", console, dialog_screen(vga_font, 720, 400, 3));
  add("vga-dense", console, dense_screen(vga_font, 720, 400, 4));
  add("vga-login", console, login_screen(vga_font, 720, 400, 5));
  add("fbcon-log", console, log_screen(fb_font, 1024, 768, 6));
  add("fbcon-listing", console, listing_screen(fb_font, 1280, 800, 7));
  add("fbcon-dense", console, dense_screen(fb_font, 1920, 1080, 8));
  add("fbcon-log", console, log_screen(fb_font, 3840, 2160, 9));
  add("flat", flat, flat_desktop(fb_font, 1280, 1024, 10));
  add("flat", flat, flat_desktop(fb_font, 1920, 1200, 11));
  add("flat", flat, flat_desktop(fb_font, 3840, 2160, 12));
  add("photo", photo, photo_desktop(fb_font, 1366, 768, 13));
  add("photo", photo, photo_desktop(fb_font, 1920, 1080, 14));
  add("photo", photo, photo_desktop(fb_font, 3840, 2160, 15));
  return frames;
}

}  // namespace qmpshot::bench
