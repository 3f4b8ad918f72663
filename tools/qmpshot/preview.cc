// SPDX-License-Identifier: MIT
#include "tools/qmpshot/preview.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace qmpshot::tools {
namespace {

using Colour = std::array<std::uint8_t, 3>;

std::uint8_t mean(std::uint64_t sum, std::uint64_t count) {
  return static_cast<std::uint8_t>((sum + count / 2) / count);
}

// The mean colour of a box of at least one pixel.
Colour mean_colour(const ImageView& image, std::uint32_t x0, std::uint32_t x1, std::uint32_t y0,
                   std::uint32_t y1) {
  const std::size_t step = bytes_per_pixel(image.format);
  const bool blue_first = image.format == PixelFormat::xrgb8888;
  std::array<std::uint64_t, 3> sum{};
  for (std::uint32_t y = y0; y < y1; ++y) {
    const auto row = image.row(y);
    for (std::uint32_t x = x0; x < x1; ++x) {
      for (std::size_t c = 0; c < 3; ++c)
        sum[c] += std::to_integer<std::uint64_t>(row[x * step + c]);
    }
  }
  const std::uint64_t count = std::uint64_t{x1 - x0} * (y1 - y0);
  Colour colour{mean(sum[0], count), mean(sum[1], count), mean(sum[2], count)};
  if (blue_first) std::swap(colour[0], colour[2]);
  return colour;
}

std::string colour_text(const char* layer, const Colour& colour) {
  std::string text = layer;
  for (const std::uint8_t part : colour) text += ";" + std::to_string(part);
  return text;
}

}  // namespace

TerminalSize terminal_size() noexcept {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 ||
      window.ws_row == 0) {
    return {};
  }
  return {window.ws_col, window.ws_row};
}

std::string draw_preview(const ImageView& image, TerminalSize size) {
  const double room_x = std::max(1U, size.columns);
  const double room_y = 2.0 * (std::max(4U, size.rows) - 3);
  const double shrink = std::min({1.0, room_x / image.width_px, room_y / image.height_px});
  const auto columns = std::max(1U, static_cast<std::uint32_t>(image.width_px * shrink));
  const auto lines = std::max(1U, static_cast<std::uint32_t>(image.height_px * shrink));

  const auto cell = [&](std::uint32_t column, std::uint32_t line) {
    const auto edge = [](std::uint32_t i, std::uint32_t count, std::uint32_t length) {
      return static_cast<std::uint32_t>(std::uint64_t{i} * length / count);
    };
    return mean_colour(image, edge(column, columns, image.width_px),
                       edge(column + 1, columns, image.width_px),
                       edge(line, lines, image.height_px), edge(line + 1, lines, image.height_px));
  };

  std::string out;
  for (std::uint32_t line = 0; line < lines; line += 2) {
    std::string last;
    for (std::uint32_t column = 0; column < columns; ++column) {
      std::string colours = colour_text("38;2", cell(column, line));
      if (line + 1 < lines) colours += ";" + colour_text("48;2", cell(column, line + 1));
      if (colours != last) out += "\x1b[" + colours + "m";
      out += "\u2580";  // upper half block: its own colour above, the background's below
      last = std::move(colours);
    }
    out += "\x1b[0m\n";
  }
  return out;
}

}  // namespace qmpshot::tools
