// SPDX-License-Identifier: MIT
#include "tests/bench/frames.h"

#include "encode/png_read.h"
#include "tests/bench/canvas.h"
#include "tests/bench/consoles.h"
#include "tests/bench/text.h"
#include "tests/support/bytes.h"
#include "tests/support/frame_maker.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <stdexcept>

namespace qmpshot::bench {
namespace {

FrameClass class_of(const std::string& file_name) {
  if (file_name.starts_with("flat-")) return FrameClass::flat_desktop;
  if (file_name.starts_with("desktop") || file_name.starts_with("photo-")) {
    return FrameClass::photo_desktop;
  }
  return FrameClass::console;
}

std::vector<Frame> read_frames(const std::string& folder, FrameSource source) {
  std::vector<Frame> frames;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".png") continue;
    const std::string name = entry.path().stem();
    frames.push_back(
        {name, class_of(name), source, encode::read_png(test::read_file(entry.path())).value()});
  }
  std::ranges::sort(frames, {}, &Frame::name);
  return frames;
}

// Writes the messages of a kernel's log, one after the other, as far as there is room.
class Writer {
 public:
  Writer(Canvas& to, const Font& with, std::uint64_t seed)
      : canvas(to), random(seed), font_(with), lines_(read_text("boot.txt")) {
    next_ = random.below(static_cast<std::uint32_t>(lines_.size()));
  }

  void smooth_line(std::uint32_t x, std::uint32_t y, std::uint32_t end_px, std::uint32_t ink) {
    const std::string& line = lines_[next_++ % lines_.size()];
    const std::uint32_t step = font_.width_px * 2 / 3;
    for (std::size_t i = line.find(']') + 2; i < line.size() && x + step <= end_px; ++i) {
      canvas.smooth_glyph(font_, line[i], x, y, ink);
      x += step;
    }
  }

  Canvas& canvas;
  test::SplitMix random;

 private:
  const Font& font_;
  Lines lines_;
  std::size_t next_ = 0;
};

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

}  // namespace

std::string_view name(FrameClass frame_class) {
  switch (frame_class) {
    case FrameClass::console: return "console";
    case FrameClass::flat_desktop: return "flat desktop";
    case FrameClass::photo_desktop: return "photo desktop";
  }
  return "unknown";
}

std::string_view name(FrameSource source) {
  switch (source) {
    case FrameSource::given: return "given";
    case FrameSource::guest: return "other guests";
    case FrameSource::drawn: return "drawn";
  }
  return "unknown";
}

std::vector<Frame> collection(const std::string& folder) {
  return read_frames(folder, FrameSource::given);
}

std::vector<Frame> guest_frames(const std::string& folder) {
  return read_frames(folder, FrameSource::guest);
}

const Frame& frame_named(const std::vector<Frame>& frames, std::string_view name) {
  const auto found = std::ranges::find(frames, name, &Frame::name);
  if (found == frames.end()) throw std::runtime_error("no frame " + std::string(name));
  return *found;
}

std::vector<Frame> drawn_frames(const std::vector<Frame>& collection) {
  const Font text_font = vga_font(collection);
  const Font fb_font = frame_buffer_font(collection);
  constexpr auto console = FrameClass::console;
  constexpr auto flat = FrameClass::flat_desktop;
  constexpr auto photo = FrameClass::photo_desktop;
  std::vector<Frame> frames;
  const auto add = [&](std::string_view name, FrameClass frame_class, Image image) {
    const ImageView& view = image.view();
    std::string full = "drawn-";
    full.append(name).append("-").append(std::to_string(view.width_px));
    full.append("x").append(std::to_string(view.height_px));
    frames.push_back({std::move(full), frame_class, FrameSource::drawn, std::move(image)});
  };
  add("vga-log", console, boot_screen(text_font, 720, 400));
  add("vga-listing", console, columns_screen(text_font, 720, 400));
  add("vga-dialog", console, dialog_screen(text_font, 720, 400));
  add("vga-processes", console, process_screen(text_font, 720, 400));
  add("vga-login", console, login_screen(text_font, 720, 400));
  add("fbcon-log", console, dmesg_screen(fb_font, 1024, 768));
  add("fbcon-listing", console, listing_screen(fb_font, 1280, 800));
  add("fbcon-dense", console, dense_screen(fb_font, 1920, 1080));
  add("fbcon-log", console, dmesg_screen(fb_font, 3840, 2160));
  add("flat", flat, flat_desktop(fb_font, 1280, 1024, 10));
  add("flat", flat, flat_desktop(fb_font, 1920, 1200, 11));
  add("flat", flat, flat_desktop(fb_font, 3840, 2160, 12));
  add("photo", photo, photo_desktop(fb_font, 1366, 768, 13));
  add("photo", photo, photo_desktop(fb_font, 1920, 1080, 14));
  add("photo", photo, photo_desktop(fb_font, 3840, 2160, 15));
  return frames;
}

}  // namespace qmpshot::bench
